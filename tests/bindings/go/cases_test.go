// The tests of this package. This file lists the cases of tests/bindings/cases.txt, which every
// language tests in the same order, and checks that the tests leave no block and no open file.
package check_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"shareable"
)

var cases = []struct {
	name string
	test func(t *testing.T)
}{
	{"memory_is_created_and_attached_by_name", memoryIsCreatedAndAttachedByName},
	{"memory_without_a_name_gets_a_random_psm_name", memoryWithoutANameGetsARandomPsmName},
	{"memory_refuses_a_name_that_exists", memoryRefusesANameThatExists},
	{"memory_refuses_to_attach_to_a_missing_block", memoryRefusesToAttachToAMissingBlock},
	{"memory_refuses_a_bad_name", memoryRefusesABadName},
	{"memory_refuses_a_size_of_zero", memoryRefusesASizeOfZero},
	{"memory_that_does_not_fit_is_refused_with_sizes_in_the_message", memoryThatDoesNotFitIsRefusedWithSizesInTheMessage},
	{"memory_shares_its_bytes", memorySharesItsBytes},
	{"memory_refuses_bytes_outside_of_the_block", memoryRefusesBytesOutsideOfTheBlock},
	{"memory_attached_read_only_refuses_writes", memoryAttachedReadOnlyRefusesWrites},
	{"memory_has_the_requested_mode", memoryHasTheRequestedMode},
	{"memory_can_be_closed_twice_and_then_refuses_use", memoryCanBeClosedTwiceAndThenRefusesUse},
	{"memory_keeps_its_name_and_size_when_closed", memoryKeepsItsNameAndSizeWhenClosed},
	{"memory_is_unlinked_once_and_then_not_found", memoryIsUnlinkedOnceAndThenNotFound},
	{"memory_does_not_unlink_another_block_of_its_name", memoryDoesNotUnlinkAnotherBlockOfItsName},
	{"memory_can_be_unlinked_by_name", memoryCanBeUnlinkedByName},
	{"memory_prints_its_name_and_size", memoryPrintsItsNameAndSize},
	{"list_holds_every_type", listHoldsEveryType},
	{"list_shows_writes_of_one_handle_through_another", listShowsWritesOfOneHandleThroughAnother},
	{"list_is_indexed_from_either_end", listIsIndexedFromEitherEnd},
	{"list_refuses_an_index_past_either_end", listRefusesAnIndexPastEitherEnd},
	{"list_changes_the_type_of_an_item", listChangesTheTypeOfAnItem},
	{"list_keeps_the_limits_of_int64", listKeepsTheLimitsOfInt64},
	{"list_refuses_an_int_beyond_64_bits_and_keeps_the_item", listRefusesAnIntBeyond64BitsAndKeepsTheItem},
	{"list_keeps_every_bit_of_a_float", listKeepsEveryBitOfAFloat},
	{"list_keeps_trailing_nuls_of_str_and_bytes", listKeepsTrailingNulsOfStrAndBytes},
	{"list_sizes_a_slot_by_utf8_bytes", listSizesASlotByUtf8Bytes},
	{"list_refuses_a_text_longer_than_its_slot_and_keeps_the_item", listRefusesATextLongerThanItsSlotAndKeepsTheItem},
	{"list_reserves_extra_capacity_for_a_text", listReservesExtraCapacityForAText},
	{"list_refuses_a_str_that_is_not_utf8", listRefusesAStrThatIsNotUtf8},
	{"list_refuses_a_text_longer_than_any_slot", listRefusesATextLongerThanAnySlot},
	{"list_refuses_a_type_that_cannot_be_stored", listRefusesATypeThatCannotBeStored},
	{"list_can_be_empty", listCanBeEmpty},
	{"list_counts_and_finds_by_python_equality", listCountsAndFindsByPythonEquality},
	{"list_does_not_find_an_absent_value", listDoesNotFindAnAbsentValue},
	{"list_returns_its_format", listReturnsItsFormat},
	{"list_returns_its_block", listReturnsItsBlock},
	{"list_without_sync_area_has_the_size_that_cpython_uses", listWithoutSyncAreaHasTheSizeThatCpythonUses},
	{"list_reads_and_writes_ranges_of_ints_and_floats", listReadsAndWritesRangesOfIntsAndFloats},
	{"list_iterates_over_its_items", listIteratesOverItsItems},
	{"list_prints_its_values_and_name", listPrintsItsValuesAndName},
	{"list_attached_read_only_refuses_writes", listAttachedReadOnlyRefusesWrites},
	{"list_refuses_a_block_that_holds_no_list", listRefusesABlockThatHoldsNoList},
	{"list_returns_an_error_for_a_corrupt_item_only", listReturnsAnErrorForACorruptItemOnly},
	{"list_that_cpython_is_still_creating_is_not_ready", listThatCpythonIsStillCreatingIsNotReady},
	{"list_locks_and_unlocks", listLocksAndUnlocks},
	{"list_lock_times_out_while_another_holds_it", listLockTimesOutWhileAnotherHoldsIt},
	{"list_lock_of_a_dead_owner_is_reported", listLockOfADeadOwnerIsReported},
	{"list_unlock_without_the_lock_is_refused", listUnlockWithoutTheLockIsRefused},
	{"list_is_busy_while_another_writer_holds_an_item", listIsBusyWhileAnotherWriterHoldsAnItem},
	{"list_adds_exchanges_and_compares_ints", listAddsExchangesAndComparesInts},
	{"list_refuses_to_add_to_another_type_or_beyond_64_bits", listRefusesToAddToAnotherTypeOrBeyond64Bits},
	{"list_without_sync_area_has_atomics_but_no_lock", listWithoutSyncAreaHasAtomicsButNoLock},
	{"list_waits_until_an_item_differs", listWaitsUntilAnItemDiffers},
	{"list_wait_times_out", listWaitTimesOut},
	{"list_waits_until_any_item_changes", listWaitsUntilAnyItemChanges},
	{"list_can_be_waited_on_without_sync_area_or_read_only", listCanBeWaitedOnWithoutSyncAreaOrReadOnly},
	{"list_refuses_use_after_close", listRefusesUseAfterClose},
	{"list_that_cannot_be_created_leaves_nothing_behind", listThatCannotBeCreatedLeavesNothingBehind},
	{"array_is_created_and_opened_by_name", arrayIsCreatedAndOpenedByName},
	{"array_without_a_name_gets_a_random_psm_name", arrayWithoutANameGetsARandomPsmName},
	{"array_is_created_from_items", arrayIsCreatedFromItems},
	{"array_holds_every_type_of_numbers", arrayHoldsEveryTypeOfNumbers},
	{"array_holds_fields_and_the_other_byte_order", arrayHoldsFieldsAndTheOtherByteOrder},
	{"array_refuses_another_type", arrayRefusesAnotherType},
	{"array_refuses_an_unknown_type", arrayRefusesAnUnknownType},
	{"array_refuses_python_objects", arrayRefusesPythonObjects},
	{"array_is_aligned_to_64_bytes", arrayIsAlignedTo64Bytes},
	{"array_may_be_empty_or_have_no_dimensions", arrayMayBeEmptyOrHaveNoDimensions},
	{"array_in_fortran_order_is_read_and_written", arrayInFortranOrderIsReadAndWritten},
	{"array_is_indexed_from_either_end", arrayIsIndexedFromEitherEnd},
	{"array_refuses_an_index_past_either_end", arrayRefusesAnIndexPastEitherEnd},
	{"array_refuses_a_shape_that_no_array_can_have", arrayRefusesAShapeThatNoArrayCanHave},
	{"array_that_does_not_fit_is_refused_with_sizes_in_the_message", arrayThatDoesNotFitIsRefusedWithSizesInTheMessage},
	{"array_refuses_a_name_that_exists", arrayRefusesANameThatExists},
	{"array_refuses_a_bad_name", arrayRefusesABadName},
	{"array_refuses_to_open_a_missing_block", arrayRefusesToOpenAMissingBlock},
	{"array_refuses_blocks_that_are_not_arrays", arrayRefusesBlocksThatAreNotArrays},
	{"array_that_is_not_complete_is_not_ready", arrayThatIsNotCompleteIsNotReady},
	{"array_ignores_later_changes_of_the_header", arrayIgnoresLaterChangesOfTheHeader},
	{"array_attached_read_only_refuses_writes", arrayAttachedReadOnlyRefusesWrites},
	{"array_has_the_requested_mode_and_is_lazy", arrayHasTheRequestedModeAndIsLazy},
	{"array_returns_its_block", arrayReturnsItsBlock},
	{"array_is_unlinked_when_its_owner_exits", arrayIsUnlinkedWhenItsOwnerExits},
	{"array_can_be_closed_twice_and_keeps_its_name_and_shape", arrayCanBeClosedTwiceAndKeepsItsNameAndShape},
	{"array_is_unlinked_once_and_then_not_found", arrayIsUnlinkedOnceAndThenNotFound},
	{"array_opens_what_numpy_saves", arrayOpensWhatNumpySaves},
	{"array_is_read_and_written_by_numpy", arrayIsReadAndWrittenByNumpy},
	{"watch_reports_a_change_of_an_item", watchReportsAChangeOfAnItem},
	{"watch_reports_nothing_while_nothing_changes", watchReportsNothingWhileNothingChanges},
	{"watch_reports_each_of_many_items", watchReportsEachOfManyItems},
	{"watch_reports_a_change_of_any_item_of_a_list", watchReportsAChangeOfAnyItemOfAList},
	{"watch_reports_a_write_of_another_process", watchReportsAWriteOfAnotherProcess},
	{"watch_reports_a_write_to_the_bytes", watchReportsAWriteToTheBytes},
	{"watch_works_without_sync_area_or_read_only", watchWorksWithoutSyncAreaOrReadOnly},
	{"watch_misses_no_change_between_two_reports", watchMissesNoChangeBetweenTwoReports},
	{"watch_reports_that_the_lock_is_free", watchReportsThatTheLockIsFree},
	{"watch_reports_that_the_owner_of_the_lock_died", watchReportsThatTheOwnerOfTheLockDied},
	{"watch_can_be_ended_and_begun_again", watchCanBeEndedAndBegunAgain},
	{"watch_ends_when_its_list_is_closed", watchEndsWhenItsListIsClosed},
	{"watch_refuses_an_index_out_of_range_and_a_closed_list", watchRefusesAnIndexOutOfRangeAndAClosedList},
	{"watch_of_the_lock_needs_a_sync_area_and_a_writable_list", watchOfTheLockNeedsASyncAreaAndAWritableList},
	{"watch_of_many_lists_needs_few_threads", watchOfManyListsNeedsFewThreads},
	{"dict_is_created_and_opened_by_name", dictIsCreatedAndOpenedByName},
	{"dict_without_a_name_gets_a_random_psm_name", dictWithoutANameGetsARandomPsmName},
	{"dict_holds_every_type_of_values", dictHoldsEveryTypeOfValues},
	{"dict_distinguishes_str_from_bytes_keys", dictDistinguishesStrFromBytesKeys},
	{"dict_refuses_other_keys", dictRefusesOtherKeys},
	{"dict_refuses_a_key_that_is_too_long", dictRefusesAKeyThatIsTooLong},
	{"dict_replaces_a_value_of_another_type", dictReplacesAValueOfAnotherType},
	{"dict_gets_a_default_for_an_absent_key", dictGetsADefaultForAnAbsentKey},
	{"dict_reports_an_absent_key", dictReportsAnAbsentKey},
	{"dict_sets_only_absent_keys", dictSetsOnlyAbsentKeys},
	{"dict_sets_only_present_keys", dictSetsOnlyPresentKeys},
	{"dict_adds_to_an_int_with_an_initial_value", dictAddsToAnIntWithAnInitialValue},
	{"dict_adds_to_a_float", dictAddsToAFloat},
	{"dict_refuses_to_add_to_another_type", dictRefusesToAddToAnotherType},
	{"dict_add_past_64_bits_changes_nothing", dictAddPast64BitsChangesNothing},
	{"dict_compares_and_exchanges_ints", dictComparesAndExchangesInts},
	{"dict_deletes_a_key", dictDeletesAKey},
	{"dict_pops_a_key_with_its_value", dictPopsAKeyWithItsValue},
	{"dict_visits_each_key_once", dictVisitsEachKeyOnce},
	{"dict_can_be_visited_while_it_changes", dictCanBeVisitedWhileItChanges},
	{"dict_counts_its_keys", dictCountsItsKeys},
	{"dict_that_is_full_names_its_places", dictThatIsFullNamesItsPlaces},
	{"dict_evicts_a_key_that_was_not_used", dictEvictsAKeyThatWasNotUsed},
	{"dict_forgets_a_key_when_its_ttl_is_over", dictForgetsAKeyWhenItsTTLIsOver},
	{"dict_add_keeps_the_ttl_of_a_key", dictAddKeepsTheTTLOfAKey},
	{"dict_changes_the_ttl_of_a_key", dictChangesTheTTLOfAKey},
	{"dict_deletes_expired_keys", dictDeletesExpiredKeys},
	{"dict_is_cleared", dictIsCleared},
	{"dict_makes_its_index_again", dictMakesItsIndexAgain},
	{"dict_is_copied_to_a_larger_one", dictIsCopiedToALargerOne},
	{"dict_waits_until_a_value_differs", dictWaitsUntilAValueDiffers},
	{"dict_waits_until_a_key_appears_or_is_deleted", dictWaitsUntilAKeyAppearsOrIsDeleted},
	{"dict_wait_times_out", dictWaitTimesOut},
	{"dict_is_a_list_of_keys_and_values", dictIsAListOfKeysAndValues},
	{"dict_refuses_writes_to_keys_as_items_of_the_list", dictRefusesWritesToKeysAsItemsOfTheList},
	{"dict_opens_a_list_of_stock_python_read_only", dictOpensAListOfStockPythonReadOnly},
	{"dict_refuses_a_list_that_is_not_a_dict", dictRefusesAListThatIsNotADict},
	{"dict_attached_read_only_refuses_writes", dictAttachedReadOnlyRefusesWrites},
	{"dict_refuses_a_name_that_exists", dictRefusesANameThatExists},
	{"dict_refuses_sizes_that_no_dict_can_have", dictRefusesSizesThatNoDictCanHave},
	{"dict_refuses_a_value_that_does_not_fit", dictRefusesAValueThatDoesNotFit},
	{"dict_refuses_use_after_close", dictRefusesUseAfterClose},
	{"dict_is_unlinked_when_its_owner_exits", dictIsUnlinkedWhenItsOwnerExits},
	{"dict_is_unlinked_once_and_then_not_found", dictIsUnlinkedOnceAndThenNotFound},
}

func TestCases(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, c.test)
	}
}

func TestMain(m *testing.M) {
	if name := os.Getenv(lockerEnv); name != "" {
		runLocker(name)
	}
	files := openFiles()
	status := m.Run()
	for i := 0; i < 3; i++ { // finalizers close the handles that a test dropped
		runtime.GC()
	}
	if now := openFiles(); now > files+kept {
		fmt.Println(now-files-kept, "file descriptors of shared memory are left open")
		status = 1
	}
	if left := blocks(); len(left) > 0 {
		fmt.Println("left behind:", left)
		status = 1
	}
	os.Exit(status)
}

// kept is the number of lists that a test got as a slice, and of started managers that became
// unreachable. Each keeps a file descriptor until the process ends.
var kept int

// openFiles returns the number of this process's file descriptors, except those of the Go runtime.
func openFiles() int {
	count := 0
	links, _ := filepath.Glob("/proc/self/fd/*")
	for _, link := range links {
		target, err := os.Readlink(link)
		if err == nil && !strings.HasPrefix(target, "anon_inode:") && !strings.HasPrefix(target, "pipe:") {
			count++
		}
	}
	return count
}

// names is the number of names that newName has returned.
var names int

// newName returns a name that no other process uses.
func newName() string {
	names++
	return fmt.Sprintf("go-test-%d-%d", os.Getpid(), names)
}

// blocks returns the files of the blocks whose names newName has returned.
func blocks() []string {
	files, _ := filepath.Glob(fmt.Sprintf("/dev/shm/go-test-%d-*", os.Getpid()))
	return files
}

func newMemory(t *testing.T, size int, options ...shareable.CreateOption) *shareable.Memory {
	t.Helper()
	memory, err := shareable.NewMemory(size, append(options, shareable.WithName(newName()))...)
	ok(t, err)
	t.Cleanup(func() {
		memory.Unlink()
		memory.Close()
	})
	return memory
}

func openMemory(t *testing.T, name string, options ...shareable.OpenOption) *shareable.Memory {
	t.Helper()
	memory, err := shareable.OpenMemory(name, options...)
	ok(t, err)
	t.Cleanup(func() { memory.Close() })
	return memory
}

func newList(t *testing.T, values []any, options ...shareable.CreateOption) *shareable.List {
	t.Helper()
	list, err := shareable.NewList(values, append(options, shareable.WithName(newName()))...)
	ok(t, err)
	t.Cleanup(func() {
		list.Unlink()
		list.Close()
	})
	return list
}

func openList(t *testing.T, name string, options ...shareable.OpenOption) *shareable.List {
	t.Helper()
	list, err := shareable.OpenList(name, options...)
	ok(t, err)
	t.Cleanup(func() { list.Close() })
	return list
}

// demo returns the values of the list that the tests of every language use.
func demo() []any {
	return []any{"howdy", []byte("HoWdY"), -273.154, 100, nil, true, 42}
}

// demoRead returns the same values as a list returns them.
func demoRead() []any {
	return []any{"howdy", []byte("HoWdY"), -273.154, int64(100), nil, true, int64(42)}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got %#v, want %#v", got, want)
	}
}

// item checks one item of a list.
func item(t *testing.T, list *shareable.List, index int, want any) {
	t.Helper()
	got, err := list.Get(index)
	ok(t, err)
	equal(t, got, want)
}

// items checks all items of a list.
func items(t *testing.T, list *shareable.List, want []any) {
	t.Helper()
	got, err := list.Values()
	ok(t, err)
	equal(t, got, want)
}

// fails checks that the error is an Error, matches all targets, and has all words in its message.
func fails(t *testing.T, err error, targets []error, words ...string) {
	t.Helper()
	var own *shareable.Error
	if !errors.As(err, &own) {
		t.Fatalf("got %#v, want an Error that is %v", err, targets)
	}
	for _, target := range targets {
		if !errors.Is(err, target) {
			t.Fatalf("got %v, which is not %v", err, target)
		}
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Fatalf("got %v, which does not contain %q", err, word)
		}
	}
}

func is(targets ...error) []error { return targets }
