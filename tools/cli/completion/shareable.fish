# fish completion for shareable(1): the commands and options that the help lists, and the names of
# blocks.
#
# The name of a block may contain any byte except "/" and NUL. The name is only data: fish quotes
# the text that it inserts. fish uses the text after a tab as a description, so names with a tab are
# not offered.
#
# fish prints some characters unescaped. It escapes ASCII control characters and bytes that are not
# UTF-8, but not after an open quote. It never escapes other control characters, or characters that
# reorder or hide text. Names with characters that fish would print unescaped are not offered.
set -g __shareable_hidden '[\x{80}-\x{9f}\p{Cf}\p{Zl}\p{Zp}\x{34f}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{2060}-\x{206f}\x{3164}\x{fe00}-\x{fe0f}\x{ffa0}\x{fff0}-\x{fffb}\x{e0000}-\x{e0fff}]'
set -g __shareable_escaped '[\x{1}-\x{1f}\x{7f}\p{Co}\p{Cs}]'

function __shareable_commands
    command shareable --help | sed -n 's/^  \([a-z]\{1,\}\)  */\1\t/p'
end

function __shareable_options
    set -l words (commandline -opc)
    string match -qr -- '^[a-z]+$' $words[2]; or return
    if test $words[2] = manager; and contains -- "$words[3]" run list status stop
        command shareable manager $words[3] --help 2>/dev/null | grep -o -- '--[a-z0-9-]*'
        return
    end
    command shareable $words[2] --help 2>/dev/null | grep -o -- '--[a-z0-9-]*'
end

function __shareable_options_ended
    contains -- -- (commandline -opc)
end

# A name that begins with "-" would be an option, so it gets a leading "/", which names may have,
# unless "--" was given.
function __shareable_blocks
    set -l names (command shareable ls --zero 2>/dev/null | string split0)
    set -l slash
    string match -q -- '/*' (commandline -ct); and set slash /
    set -l left_out \t'|'$__shareable_hidden
    string match -qr -- '[\'"]' (commandline -ct); and set left_out $left_out'|'$__shareable_escaped
    for name in $names
        string match -qr -- $left_out $name; and continue
        if test -n "$slash"; or begin; string match -q -- '-*' $name; and not __shareable_options_ended; end
            printf '/%s\0' $name
        else
            printf '%s\0' $name
        end
    end | string split0
end

# Prints the values of the option before the word. Fails if that word is not an option that takes one.
function __shareable_values
    set -l words (commandline -opc)
    test (count $words) -gt 2; and not contains -- -- $words; or return
    switch "$words[2] $words[-1]"
        case 'ls --state'
            printf '%s\n' used open orphaned unowned deleted unknown
        case 'ls -k' 'ls --kind'
            printf '%s\n' list raw semaphore log directory fifo socket link device
        case 'ls -x' 'ls --sort'
            printf '%s\n' name size used age users
        case 'gc -O' 'gc --older-than'
            printf '%s\n' 10m 1h 1d 7d
        case 'top -x' 'top --sort'
            printf '%s\n' name size used age users changes
        case 'ls -u' 'ls --user'
            __fish_complete_users
        case 'ls -d' 'ls --directory' 'info -d' 'info --directory'
            __fish_complete_directories (commandline -ct)
        case 'ls --min-size' 'ls --output' 'ls --pid' 'info -p' 'info --pid' 'ls -o' 'ls -p' 'gc -o' 'gc --output'
        case 'top -c' 'top --count' 'top -D' 'top --delay'
        case '*'
            return 1
    end
    return 0
end

function __shareable_takes_blocks
    set -l words (commandline -opc)
    test (count $words) -gt 1; and not contains -- $words[2] manager gc doctor; and not __shareable_values >/dev/null
    and not __shareable_locks; and not __shareable_takes_file
end

# Succeeds after the "--" of `lock`: a command follows.
function __shareable_locks
    set -l words (commandline -opc)
    test "$words[2]" = lock; and __shareable_options_ended
end

function __shareable_locked_command
    set -l words (commandline -opc)
    set -l first (math (contains -i -- -- $words) + 1)
    set -l typed
    test $first -le (count $words); and set typed (string escape -- $words[$first..-1])
    complete -C (string join ' ' -- $typed (commandline -ct))
end

function __shareable_takes_file
    set -l words (commandline -opc)
    test "$words[2]" = create; and contains -- $words[-1] -j --from-json
end

function __shareable_manager
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test $words[2] = manager; or return
    if test (count $words) -eq 2
        command shareable manager --help | sed -n 's/^  \([a-z]\{1,\}\)  */\1\t/p'
    else if contains -- $words[3] status stop
        command shareable manager list --noheadings --output PID 2>/dev/null | string trim
    end
end

complete -c shareable -f
complete -c shareable -n __fish_use_subcommand -a '(__shareable_commands)'
complete -c shareable -n 'not __fish_use_subcommand; and not __shareable_options_ended; and string match -q -- "-*" (commandline -ct)' -a '(__shareable_options)'
complete -c shareable -n '__shareable_values >/dev/null' -a '(__shareable_values)'
complete -c shareable -n __shareable_takes_blocks -a '(__shareable_blocks)'
complete -c shareable -n __shareable_locks -a '(__shareable_locked_command)'
complete -c shareable -n __shareable_takes_file -F
complete -c shareable -n 'not __fish_use_subcommand; and not string match -q -- "-*" (commandline -ct)' -a '(__shareable_manager)'
