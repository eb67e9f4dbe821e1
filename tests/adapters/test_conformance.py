"""Every adapter through every fault: the kit itself, run as anybody else would run it."""

from adapters.conformance.suite import (
    pytest_generate_tests,
    test_a_bank_has_one_id_however_it_is_spelled,
    test_a_cell_of_the_matrix_ends_as_it_must,
    test_an_adapter_says_all_it_must,
    test_drawn_orders_under_drawn_bad_luck_act_once_and_lie_never,
    test_every_fault_is_tried_or_said_to_be_impossible,
)

__all__ = [
    "pytest_generate_tests",
    "test_a_bank_has_one_id_however_it_is_spelled",
    "test_a_cell_of_the_matrix_ends_as_it_must",
    "test_an_adapter_says_all_it_must",
    "test_drawn_orders_under_drawn_bad_luck_act_once_and_lie_never",
    "test_every_fault_is_tried_or_said_to_be_impossible",
]
