"""What is wrong within one text of a declaration."""


class Misworded(ValueError):
    """`text` is the text it is about, by which its place is found."""

    def __init__(self, message: str, text: str) -> None:
        super().__init__(message)
        self.text = text
