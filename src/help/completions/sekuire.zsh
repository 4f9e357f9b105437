#compdef sekuire
_sekuire() {
    local table='@TABLE@'
    local before= option= word= meaning= key=
    local -a offers
    local -i i
    for ((i = 2; i < CURRENT; i++)); do
        word=$words[i]
        if [[ -n $option ]]; then
            option=
        elif [[ $word == -- && $before == 'auth exec' ]]; then
            # Another command follows.
            shift i words
            (( CURRENT -= i ))
            _normal
            return
        elif [[ $table == *"|$word=|"* ]]; then
            option=" $word"
        elif [[ $word != -* ]]; then
            before+=${before:+ }$word
        fi
    done
    if [[ -z $option && $words[CURRENT] == --*=* ]]; then
        option=" ${words[CURRENT]%%=*}"
        compset -P '*='
    fi
    while IFS='|' read -r key word meaning; do
        if [[ $key == "${before#auth }$option" ]]; then
            offers+=("${word%=}${meaning:+:$meaning}")
        fi
    done <<<"$table"
    (( $#offers )) && _describe sekuire offers
}
if [[ $funcstack[1] == _sekuire ]]; then
    _sekuire "$@"
elif (( $+functions[compdef] )); then
    compdef _sekuire sekuire
else
    # Sourced before compinit ran: registered at the first prompt after it.
    _sekuire_register() {
        (( $+functions[compdef] )) || return 0
        compdef _sekuire sekuire
        add-zsh-hook -d precmd _sekuire_register
    }
    autoload -Uz add-zsh-hook
    add-zsh-hook precmd _sekuire_register
fi
