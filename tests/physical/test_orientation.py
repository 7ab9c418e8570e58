"""Turning axes: there and back, by array and by matrix alike."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from scripts.physical import Geometry, Turn

TURNS = [(order, signs) for n in (2, 3) for order in permutations(range(n)) for signs in product((1, -1), repeat=n)]
every_turn = pytest.mark.parametrize(("order", "signs"), TURNS, ids=str)


@every_turn
def test_undo_undoes(order: tuple[int, ...], signs: tuple[int, ...]) -> None:
    array = np.arange(4 * 5 * 6).reshape(4, 5, 6)[(0,) * (3 - len(order))]
    turn = Turn(order, signs)
    np.testing.assert_array_equal(turn.undo(turn.apply(array)), array)
    np.testing.assert_array_equal(turn.apply(turn.undo(turn.apply(array))), turn.apply(array))


@every_turn
def test_matrix_says_where_a_voxel_came_from(order: tuple[int, ...], signs: tuple[int, ...]) -> None:
    array = np.arange(4 * 5 * 6).reshape(4, 5, 6)[(0,) * (3 - len(order))]
    turn = Turn(order, signs)
    turned, matrix = turn.apply(array), turn.matrix(array.shape)
    for index in np.ndindex(turned.shape):
        there = (matrix @ [*index, 1])[:-1].astype(int)
        assert turned[index] == array[tuple(there)]


@every_turn
def test_canonical_axes_are_found_again(order: tuple[int, ...], signs: tuple[int, ...]) -> None:
    """Axes stored as the inverse of a turn are brought back by it, tilted a little or not."""
    turn, dims = Turn(order, signs), len(order)
    stored = np.linalg.inv(turn.matrix((1,) * dims)[:-1, :-1])
    tilt = np.eye(dims) + 0.2 * np.triu(np.ones((dims, dims)), 1) - 0.2 * np.tril(np.ones((dims, dims)), -1)
    for matrix in (stored, tilt @ stored):
        assert Turn.nearest(matrix) == turn


def test_neurite_oasis_is_canonical() -> None:
    """Left, down, front: what the shipped weights were trained on."""
    direction = np.array([[1.0, 0, 0], [0, 0, -1], [0, -1, 0]])
    for size in ((16, 19, 1), (16, 19, 22)):
        turn = Geometry(size, np.ones(3), np.zeros(3), direction).canonical
        assert turn == Turn(tuple(range(sum(n > 1 for n in size))), (1,) * sum(n > 1 for n in size))
