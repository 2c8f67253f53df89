#!/bin/sh
# Prints the feed's events, and goes on after the one it printed last, whose position it keeps in a file.
#
# KEY=ot_… sh consume_sse.sh https://hub.example.com position
while true; do
  curl -sfN -H "Authorization: Bearer $KEY" -H "Accept: text/event-stream" "$1/v1/events?after=$(cat "$2" 2>/dev/null)" |
    while IFS= read -r line; do
      case $line in
        "id: "*) position=${line#id: } ;;
        "data: "*) printf '%s\n' "${line#data: }" && echo "$position" >"$2.new" && mv "$2.new" "$2" ;;
      esac
    done
  sleep 1
done
