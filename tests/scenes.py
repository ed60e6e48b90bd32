"""Pictures that look like photos of schools, made of a seed: rooms in perspective, façades, racks, plaques, trees.

Two seeds of one kind are like scenes: the same sort of place, and not the same photo.
"""

from collections.abc import Callable, Mapping
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

_WIDTH, _HEIGHT = 960, 720


def scene(seed: int, kind: str | None = None, size: tuple[int, int] = (_WIDTH, _HEIGHT)) -> Image.Image:
    """The photo of this seed, in RGB."""
    random = Random(seed)
    picture = KINDS[kind or random.choice(sorted(KINDS))](random)
    return _as_a_camera_sees(np.random.default_rng(seed), picture).resize(size, Image.Resampling.BICUBIC)


def _room(random: Random) -> Image.Image:
    """A classroom or computer room: walls, floor, windows, rows of desks, each with something on it or not."""
    picture, draw = _canvas(_colour(random, 150, 235))
    x, y = int(random.uniform(0.35, 0.65) * _WIDTH), int(random.uniform(0.3, 0.45) * _HEIGHT)
    half_width, half_height = random.randrange(120, 200), random.randrange(70, 120)
    left, right, top, bottom = x - half_width, x + half_width, y - half_height, y + half_height
    draw.polygon([(0, _HEIGHT), (left, bottom), (right, bottom), (_WIDTH, _HEIGHT)], _colour(random, 70, 160))
    draw.polygon([(0, 0), (left, top), (right, top), (_WIDTH, 0)], _colour(random, 190, 255))
    draw.rectangle((left, top, right, bottom), _colour(random, 130, 220))
    draw.rectangle(_inside(random, (left, top, right, bottom)), _colour(random, 10, 90))
    side = 0 if random.random() < 0.5 else _WIDTH
    for place in np.linspace(0.1, 0.9, random.randrange(2, 5)):
        edge = left if side == 0 else right
        at = side + (edge - side) * place
        high = 0.5 * _HEIGHT * (1 - place) + 40
        draw.rectangle(
            (at - 30 * (1.2 - place), y - high / 2, at + 30 * (1.2 - place), y + high / 4), _colour(random, 200, 255)
        )
    for row in np.linspace(0.15, 1, random.randrange(3, 6)):
        line = bottom + (_HEIGHT - bottom) * row
        width = 50 + 150 * row
        for column in np.arange(x - 4 * width, x + 4 * width, width * random.uniform(1.2, 1.5)):
            _desk(random, draw, column, line, width)
    return picture


def _desk(random: Random, draw: ImageDraw.ImageDraw, x: float, y: float, width: float) -> None:
    height = width * 0.35
    draw.rectangle((x, y - height, x + width * 0.9, y), _colour(random, 90, 200))
    if random.random() < 0.7:
        draw.rectangle((x + width * 0.2, y - height * 2, x + width * 0.7, y - height * 0.9), _colour(random, 0, 80))


def _facade(random: Random) -> Image.Image:
    """A building under the sky: its windows, some with light."""
    picture, draw = _canvas(_colour(random, 140, 240))
    roof, left = random.randrange(60, 260), random.randrange(-100, 250)
    right, ground = left + random.randrange(500, 900), random.randrange(560, 680)
    draw.rectangle((left, roof, right, ground), _colour(random, 90, 210))
    draw.rectangle((0, ground, _WIDTH, _HEIGHT), _colour(random, 60, 140))
    columns, rows = random.randrange(4, 11), random.randrange(2, 6)
    step_x, step_y = (right - left) / columns, (ground - roof) / rows
    for column in range(columns):
        for row in range(rows):
            at_x, at_y = left + step_x * (column + 0.2), roof + step_y * (row + 0.2)
            draw.rectangle((at_x, at_y, at_x + step_x * 0.6, at_y + step_y * 0.6), _colour(random, 20, 230))
    _trees(random, draw, ground)
    return picture


def _rack(random: Random) -> Image.Image:
    """A server rack: devices of some height, lamps, cables."""
    picture, draw = _canvas(_colour(random, 40, 130))
    left = random.randrange(100, 350)
    right, y = left + random.randrange(350, 550), random.randrange(-40, 60)
    draw.rectangle((left - 30, 0, right + 30, _HEIGHT), _colour(random, 5, 60))
    while y < _HEIGHT:
        height = random.randrange(25, 110)
        draw.rectangle((left, y, right, y + height - 6), _colour(random, 20, 200))
        for lamp in np.linspace(left + 15, right - 15, random.randrange(3, 20)):
            draw.ellipse((lamp, y + 8, lamp + 9, y + 17), _colour(random, 60, 255))
        y += height
    for _ in range(random.randrange(4, 14)):
        points = [(random.uniform(left, right), random.uniform(0, _HEIGHT)) for _ in range(3)]
        draw.line(points, _colour(random, 60, 255), random.randrange(4, 10), joint="curve")
    return picture


def _plaque(random: Random) -> Image.Image:
    """A certificate or notice on a wall: lines of writing, a seal."""
    picture, draw = _canvas(_colour(random, 130, 220))
    left, top = random.randrange(60, 250), random.randrange(40, 160)
    right, bottom = left + random.randrange(450, 680), top + random.randrange(380, 520)
    draw.rectangle((left, top, right, bottom), _colour(random, 200, 255), _colour(random, 90, 180), 14)
    y = top + 50
    while y < bottom - 60:
        height = random.randrange(10, 36)
        start, end = left + random.uniform(30, 120), right - random.uniform(30, 250)
        x = start
        while x < end:
            width = random.uniform(0.4, 1) * height
            draw.rectangle((x, y, x + width, y + height * random.uniform(0.6, 1)), (40, 40, 40))
            x += width * 1.5
        y += int(height * random.uniform(1.5, 2.6))
    seal = (random.uniform(left, right - 130), random.uniform(top + 150, bottom - 130))
    draw.ellipse((*seal, seal[0] + 120, seal[1] + 120), None, (200, 30, 30), 10)
    return picture


def _yard(random: Random) -> Image.Image:
    """A playground with trees, lines on the ground, people."""
    picture, draw = _canvas(_colour(random, 160, 245))
    horizon = int(random.uniform(0.3, 0.55) * _HEIGHT)
    draw.rectangle((0, horizon, _WIDTH, _HEIGHT), _colour(random, 80, 180))
    _trees(random, draw, horizon + 30)
    for _ in range(random.randrange(2, 6)):
        x = random.uniform(-200, _WIDTH)
        draw.line([(x, _HEIGHT), (random.uniform(0, _WIDTH), horizon)], _colour(random, 180, 255), 12)
    for _ in range(random.randrange(3, 12)):
        x, y = random.uniform(0, _WIDTH), random.uniform(horizon, _HEIGHT)
        tall = 30 + 200 * (y - horizon) / (_HEIGHT - horizon)
        draw.rectangle((x, y - tall * 0.75, x + tall * 0.3, y), _colour(random, 0, 255))
        draw.ellipse((x, y - tall, x + tall * 0.3, y - tall * 0.7), (210, 170, 140))
    return picture


KINDS: Mapping[str, Callable[[Random], Image.Image]] = {
    "facade": _facade,
    "plaque": _plaque,
    "rack": _rack,
    "room": _room,
    "yard": _yard,
}


def _canvas(colour: tuple[int, int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", (_WIDTH, _HEIGHT), colour)
    return picture, ImageDraw.Draw(picture)


def _colour(random: Random, low: int, high: int) -> tuple[int, int, int]:
    grey = random.randrange(low, high)
    red, green, blue = (min(255, max(0, grey + shift)) for shift in (random.randrange(-25, 26) for _ in range(3)))
    return red, green, blue


def _inside(random: Random, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    return (
        left + width * random.uniform(0.05, 0.3),
        top + height * random.uniform(0.1, 0.3),
        right - width * random.uniform(0.05, 0.3),
        bottom - height * random.uniform(0.2, 0.5),
    )


def _trees(random: Random, draw: ImageDraw.ImageDraw, ground: float) -> None:
    for _ in range(random.randrange(1, 7)):
        x, size = random.uniform(0, _WIDTH), random.uniform(60, 200)
        draw.rectangle((x - size * 0.06, ground - size, x + size * 0.06, ground), (90, 70, 50))
        green = (random.randrange(20, 90), random.randrange(70, 150), random.randrange(20, 80))
        draw.ellipse((x - size * 0.5, ground - size * 1.9, x + size * 0.5, ground - size * 0.7), green)


def _as_a_camera_sees(random: np.random.Generator, picture: Image.Image) -> Image.Image:
    """The picture under uneven light, a little soft, with texture, vignette and the sensor's noise."""
    pixels = np.asarray(picture.filter(ImageFilter.GaussianBlur(1.2)), np.float32)
    down, across = np.mgrid[-1 : 1 : _HEIGHT * 1j, -1 : 1 : _WIDTH * 1j]
    turn = random.uniform(0, 2 * np.pi)
    light = 1 + random.uniform(0.05, 0.3) * (np.cos(turn) * across + np.sin(turn) * down)
    light -= random.uniform(0, 0.15) * (across**2 + down**2)
    lit = (pixels + _texture(random)[:, :, None]) * light[:, :, None] + random.normal(0, 3, pixels.shape)
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))


def _texture(random: np.random.Generator) -> NDArray[np.float32]:
    """Noise with more of the coarse than of the fine, as surfaces have it; some 15 levels strong."""
    total = np.zeros((_HEIGHT, _WIDTH), np.float32)
    for cells in (4, 8, 16, 64):
        coarse = Image.fromarray(random.normal(0, 20 / cells**0.5, (cells, cells)).astype(np.float32))
        total += np.asarray(coarse.resize((_WIDTH, _HEIGHT), Image.Resampling.BICUBIC))
    return total
