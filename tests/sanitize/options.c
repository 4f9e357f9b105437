/* The sanitizers' options, in the program: the tests leave it no variable of theirs. REPORTS is a path's beginning.
 * The limit on core dumps is the program's to set. */

#define OPTIONS "log_path=" REPORTS ":exitcode=99:disable_coredump=0"

/* Leaks: finding them takes ptrace(2) of this process, which it forbids. */
const char *__asan_default_options(void)
{
    return OPTIONS ":detect_leaks=0:detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1";
}

const char *__tsan_default_options(void)
{
    return OPTIONS ":second_deadlock_stack=1";
}
