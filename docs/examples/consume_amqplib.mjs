// Takes a subscription's events with Node.js. In front: npm install amqplib
//
// node consume_amqplib.mjs amqp://user:password@broker.example.com archive

import amqp from "amqplib";

const [url, name] = process.argv.slice(2);
const channel = await (await amqp.connect(url)).createChannel();
await channel.prefetch(32);
await channel.consume(`onethread.q.${name}`, (message) => { // the hub declares it
  if (message === null) process.exit(1); // somebody deleted it
  const event = JSON.parse(message.content);
  console.log(event.type, event.id); // keep it here; an id may come twice
  channel.ack(message);
});
