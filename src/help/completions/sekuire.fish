# fish completion for sekuire
function __sekuire_offers
    set -l table (string split \n -- '@TABLE@')
    set -l word (commandline -ct)
    set -l option ''
    set -l is_exec false
    set -l before
    set -l inner
    for typed in (commandline -opc)[2..]
        if $is_exec
            set -a inner (string escape -- $typed)
        else if test -n "$option"
            set option ''
        else if test "$before $typed" = 'auth exec --'
            set is_exec true
        else if string match -q -- "*|$typed=|*" "$table"
            set option " $typed"
        else if not string match -q -- '-*' $typed
            set before (string trim -- "$before $typed")
        end
    end
    if $is_exec
        complete -C "$inner $word"
        return
    end
    set before (string replace -r '^auth ' '' -- $before)
    set -l prefix ''
    if test -z "$option"; and string match -q -- '--*=*' $word
        set option ' '(string split -m 1 = -- $word)[1]
        set prefix (string trim -l -- $option)=
    end
    for line in $table
        set -l row (string split '|' -- $line)
        # fish finds letters anywhere in a word: options are offered behind a dash alone.
        if test "$row[1]" = "$before$option"
            and begin
                string match -q -- '-*' $word
                or not string match -q -- '-*' $row[2]
            end
            printf '%s%s\t%s\n' $prefix (string trim -r -c = -- $row[2]) $row[3]
        end
    end
end
complete -c sekuire -f -a '(__sekuire_offers)'
