# fish completion for shareable(1): commands and options as its help tells them, blocks as they are there.

function __shareable_commands
    shareable --help | sed -n 's/^  \([a-z]\{1,\}\)  */\1\t/p'
end

function __shareable_options
    set -l words (commandline -opc)
    shareable $words[2] --help 2>/dev/null | grep -o -- '--[a-z0-9-]*'
end

function __shareable_blocks
    shareable ls --raw --noheadings --output NAME 2>/dev/null
end

complete -c shareable -f
complete -c shareable -n __fish_use_subcommand -a '(__shareable_commands)'
complete -c shareable -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' -a '(__shareable_options)'
complete -c shareable -n 'not __fish_use_subcommand' -a '(__shareable_blocks)'
