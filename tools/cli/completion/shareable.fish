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

# Prints the command before the cursor, and the subcommand of `manager` and `dict`. Fails if there is none.
function __shareable_command
    set -l words (commandline -opc)
    set -l last 2
    test (count $words) -gt 2; and contains -- $words[2] manager dict; and set last 3
    string match -qr -- '^[a-z]+$' $words[$last]; and printf '%s\n' $words[2..$last]
end

# Prints the options of the command, as its help lists them.
function __shareable_options
    set -l words (__shareable_command); or return
    command shareable $words --help 2>/dev/null | sed -nE 's/^  (-., |    )?(--[a-z0-9-]+).*/\2/p'
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

# Prints what the help calls the value of the option before the cursor, such as COLUMNS. Fails if
# there is no option that takes a value.
function __shareable_value
    set -l words (__shareable_command); or return
    set -l option (commandline -opc)[-1]
    __shareable_options_ended; and return 1
    string match -q -- '--*=*' (commandline -ct); and set option (string split -m 1 -- = (commandline -ct))[1]
    string match -qr -- '^-.' $option; or return
    for line in (command shareable $words --help 2>/dev/null)
        set -l names (string split -- ' ' (string replace -r '^ *(-., )?(.*?)(  .*)?$' '$1$2' -- $line | string replace , ''))
        string match -qr -- '^-' $names[1]; and contains -- $option $names; and string match -r -- '^[A-Z].*' $names[-1]; and return
    end
    return 1
end

# Prints the values of that option. Fails if there is no option that takes a value.
function __shareable_values
    set -l value (__shareable_value); or return
    set -l typed (string split -m 1 -- = (commandline -ct))
    set -l prefix
    string match -q -- '--*=*' (commandline -ct); and set prefix $typed[1]=
    begin
        switch (__shareable_command)[1]" $value"
            case 'ls STATES'
                printf '%s\n' used open orphaned unowned deleted unknown
            case 'ls KINDS'
                printf '%s\n' list dict array raw semaphore log directory fifo socket link device
            case 'ls COLUMN'
                printf '%s\n' name size used age users
            case 'gc AGE'
                printf '%s\n' 10m 1h 1d 7d
            case 'top KEY'
                printf '%s\n' name size used age users changes
            case 'watch HOW' 'dict HOW'
                printf '%s\n' name descriptor
            case '* KEYTYPE'
                printf '%s\n' str bytes
            case '* TYPE'
                printf '%s\n' int float bool str bytes none
            case 'manager LEVEL'
                printf '%s\n' error warning info debug
            case '* USERS'
                __fish_complete_users
            case '* DIR'
                __fish_complete_directories $typed[-1]
            case '* FILE'
                __fish_complete_path $typed[-1]
        end
    end | string replace -r '^' -- "$prefix"
    return 0
end

function __shareable_takes_blocks
    set -l words (commandline -opc)
    test (count $words) -gt 1; and not contains -- $words[2] manager gc doctor; and not __shareable_value >/dev/null
    and not __shareable_locks
    and not begin; test $words[2] = dict; and test (count $words) -eq 2; end
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

function __shareable_manager
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test $words[2] = manager; or return
    if test (count $words) -eq 2
        command shareable manager --help | sed -n 's/^  \([a-z]\{1,\}\)  */\1\t/p'
    else if contains -- $words[3] status stop; and not __shareable_value >/dev/null
        command shareable manager list --noheadings --output PID 2>/dev/null | string trim
    end
end

function __shareable_dict
    set -l words (commandline -opc)
    test "$words[2]" = dict; and test (count $words) -eq 2; or return
    command shareable dict --help | sed -n 's/^  \([a-z]\{1,\}\)  */\1\t/p'
end

complete -c shareable -f
complete -c shareable -n __fish_use_subcommand -a '(__shareable_commands)'
complete -c shareable -n 'not __fish_use_subcommand; and not __shareable_options_ended; and string match -q -- "-*" (commandline -ct)' -a '(__shareable_options)'
complete -c shareable -n '__shareable_value >/dev/null' -a '(__shareable_values)'
complete -c shareable -n __shareable_takes_blocks -a '(__shareable_blocks)'
complete -c shareable -n __shareable_locks -a '(__shareable_locked_command)'
complete -c shareable -n 'not __fish_use_subcommand; and not string match -q -- "-*" (commandline -ct)' -a '(__shareable_manager)'
complete -c shareable -n 'not __fish_use_subcommand; and not string match -q -- "-*" (commandline -ct)' -a '(__shareable_dict)'
