# bash completion for sekuire
_sekuire() {
    local table='@TABLE@'
    local word=${COMP_WORDS[COMP_CWORD]} before= option= words= key offer delegate i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --) [[ $before != 'auth exec' ]] || break ;;
            # Readline splits words at = and : too (COMP_WORDBREAKS).
            = | :) ((i++)) ;;
            -*)
                if [[ $table == *"|${COMP_WORDS[i]}=|"* ]]; then
                    option=" ${COMP_WORDS[i]}"
                    [[ ${COMP_WORDS[i+1]} == = ]] || ((i++))
                fi ;;
            *) before+=${before:+ }${COMP_WORDS[i]} ;;
        esac
    done
    if ((i < COMP_CWORD)); then
        # Behind auth exec -- stands another command.
        for delegate in _comp_command_offset _command_offset; do
            if declare -F "$delegate" >/dev/null; then
                "$delegate" $((i + 1))
                return
            fi
        done
        words=$(compgen -f -- "$word")
        ((i + 1 < COMP_CWORD)) || words+=$'\n'$(compgen -c -- "$word")
        compopt -o filenames 2>/dev/null
    else
        # The word at the cursor is a value behind = or where the loop skipped it.
        if [[ $word == = ]]; then
            word=
        elif ((i == COMP_CWORD)); then
            option=
        fi
        while IFS='|' read -r key offer _; do
            [[ $key != "${before#auth }$option" ]] || words+=${offer%=}$'\n'
        done <<<"$table"
        words=$(compgen -W "$words" -- "$word")
    fi
    # Not mapfile: macOS has bash 3.2.
    local IFS=$'\n'
    COMPREPLY=($words)
}
complete -F _sekuire sekuire
