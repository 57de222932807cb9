"""Words that improvised questions are assembled from."""

from __future__ import annotations

from random import Random

# fmt: off
NAMES = [
    "Ada", "Kofi", "Lena", "Omar", "Ines", "Raj", "Nina", "Hugo", "Clara", "Mehmet", "Sofia", "Liam", "Noah", "Olga",
    "Yuki", "Zoe", "Max", "Eve", "Bob", "Alice", "Jan", "Maria", "Peter", "Susan", "Kim", "Leo", "Dora", "Felix",
    "Greta", "Ivan", "The teacher", "My sister", "A farmer", "The baker", "Grandpa", "Our neighbour",
]
THINGS = [
    "oranges", "coins", "marbles", "flowers", "chairs", "cookies", "bottles", "tickets", "shirts", "hats", "cats",
    "fish", "trees", "stones", "toys", "cups", "keys", "pears", "sweets", "boxes", "shells", "candles", "lamps",
    "plates", "shoes", "stickers", "nuts", "buttons", "roses", "tyres", "ducks", "bananas", "pencils",
]
BEFORE = [
    "", "", "", "", "", "", "", "hey ", "yo ", "hello, ", "well, ", "alright, ", "next: ", "then ", "also ",
    "please ", "pls do ", "gimme ", "tell me ", "say, ", "I wonder: ", "my sum: ", "math: ", "calc ", "um ", "er, ",
    "could you do ", "can you do ", "compute: ", "answer: ", "here: ", "maths question: ", "> ", "a) ", "=",
    "whats ", "wats ", "what is ", "what makes ", "what would be ", "how big is ", "I need ", "work this out: ",
    "solve ", "solve this: ", "show me ", "figure out ", "guess ", "you know ", "is ", "no, ", "again: ", "fast: ",
    "simple one: ", "easy: ", "what of ", "what about ", "would you tell me ",
]
"""Words before an expression; most have none."""
AFTER = [
    "", "", "", "", "", "", "", "?", " ?", "??", ".", "=", "= ?", " =", " = ...", " thx", " please", " thanks!",
    " makes?", " gives?", " is what?", " is how much?", " :)", ", please", " asap", " quickly", " if you can",
    ", right now", " in total", " for my homework", ", go", ";", "\n", " equals what", " = what", " is", " makes",
    ", what is it?",
]
"""Words after an expression."""
CHAT = (
    "so now then ok hey fast maybe boss mate dear sir go see look here me you we my your this that friend machine "
    "robot kid teacher school test idea fun hour today tomorrow morning coffee bored slow really very just simply "
    "honestly actually basically answer question result task thing brain think know want need must should shall "
    "will can please thanks sorry wait right wrong sure yes well oh ah hmm wow cool nice easy hard silly long short "
    "old young mum dad tell show give help do it is are was be there when why who where which how what whatever "
    "again once always still for to on at in the a an or but if as with about paper exam class house phone computer "
    "clever strange odd lovely"
)
"""Words that may surround an expression in any order: none changes what it means."""
ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]
TENS = [
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
]
# fmt: on


def in_words(random: Random) -> str:
    """A number below a thousand in words."""
    number = random.randint(0, random.choice([12, 12, 20, 99, 999]))
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10 - 2] + (f"-{ONES[number % 10]}" if number % 10 else "")
    return f"{ONES[number // 100]} hundred" + (f" and {ONES[number % 100 % 20]}" if number % 3 else "")
