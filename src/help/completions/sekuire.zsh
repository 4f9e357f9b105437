#compdef sekuire
_sekuire() {
    local values='--web-url|--backend|--backend-url|--workspace|--timeout|--wait|--get'
    local command= i
    local -a rest commands in_auth
    # The command is what is neither an option nor a value; the rest belongs to it, wherever it stands.
    for ((i = 2; i < CURRENT; i++)); do
        if [[ $words[i] == (${~values}) ]]; then
            rest+=("$words[i]" "$words[++i]")
        elif [[ $words[i] != -* && $command == (|auth|help|help\ auth) ]]; then
            command+=${command:+ }$words[i]
        else
            rest+=("$words[i]")
        fi
    done
    # The value of an option is being typed.
    (( i > CURRENT )) && return 1
    words=(sekuire "$rest[@]" "${(@)words[CURRENT,-1]}")
    (( CURRENT = $#rest + 2 ))
    in_auth=(
        'login:Verify an API key and bind it to this device'
        'logout:Remove the stored API key from this device'
        'status:Show whether this device is logged in, without asking the backend'
        'whoami:Ask the backend whose API key this is'
    )
    commands=(
        "$in_auth[@]"
        'auth:Commands of authentication'
        'doctor:Say what is wrong with this machine'\''s login, layer by layer'
        'completions:Print the completion script of a shell: bash, zsh or fish'
        'man:Print the man page'
        'help:Show help, also for one command'
    )
    in_auth+=(
        'token:Print the API key, for use by another program'
        'exec:Run a program with the API key in its environment'
    )
    case $command in
        '')
            _describe -t commands command commands
            _arguments \
                '(- *)'{-h,--help}'[Show help]' \
                '(- *)'{-V,--version}'[Show the version]' ;;
        auth)
            _describe -t commands command in_auth
            _arguments '(- *)'{-h,--help}'[Show help]' ;;
        login | 'auth login')
            _arguments \
                '--web-url=[Web app URL (default\: https\://sekuire.ai)]:URL: ' \
                '--backend=[Backend API URL (default\: https\://api.sekuire.ai)]:URL: ' \
                '--backend-url=[Backend API URL (default\: https\://api.sekuire.ai)]:URL: ' \
                '--api-key-stdin[Read the API key from standard input; print only the result]' \
                '--workspace=[Default workspace (default\: the first one)]:ID: ' \
                '--timeout=[Longest time for one attempt, 1 to 300 (default\: 10)]:SECS: ' \
                '--wait=[Keep trying for so long, 0 to 3600 (default\: 0, three attempts)]:SECS: ' \
                '(- *)'{-h,--help}'[Show help]' ;;
        status | 'auth status')
            _arguments \
                '--json[Print one JSON object]' \
                '--get=[Print one field of that object alone, such as device.name]:FIELD: ' \
                '(-q --quiet)'{-q,--quiet}'[Print nothing; only the exit status speaks]' \
                '(- *)'{-h,--help}'[Show help]' ;;
        whoami | 'auth whoami')
            _arguments \
                '--backend-url=[Backend URL (default\: the one logged in to)]:URL: ' \
                '--backend=[Backend URL (default\: the one logged in to)]:URL: ' \
                '--json[Print one JSON object]' \
                '--get=[Print one field of that object alone, such as device.name]:FIELD: ' \
                '(-q --quiet)'{-q,--quiet}'[Print nothing; only the exit status speaks]' \
                '--timeout=[Longest time for one attempt, 1 to 300 (default\: 10)]:SECS: ' \
                '--wait=[Keep trying for so long, 0 to 3600 (default\: 0, three attempts)]:SECS: ' \
                '(- *)'{-h,--help}'[Show help]' ;;
        doctor)
            _arguments \
                '--online[Also go the way to the backend, step by step, and ask it]' \
                '--backend-url=[Backend URL (default\: the one logged in to)]:URL: ' \
                '--backend=[Backend URL (default\: the one logged in to)]:URL: ' \
                '--json[Print one JSON object]' \
                '--timeout=[Longest time for one attempt, 1 to 300 (default\: 10)]:SECS: ' \
                '(- *)'{-h,--help}'[Show help]' ;;
        completions)
            _arguments '1: :(bash zsh fish)' '(- *)'{-h,--help}'[Show help]' ;;
        help)
            _describe -t commands command commands
            _arguments '(- *)'{-h,--help}'[Show help]' ;;
        'help auth')
            _describe -t commands command in_auth
            _arguments '(- *)'{-h,--help}'[Show help]' ;;
        logout | 'auth logout' | 'auth token' | 'auth exec' | man)
            _arguments '(- *)'{-h,--help}'[Show help]' ;;
    esac
}
if [[ $funcstack[1] == _sekuire ]]; then
    _sekuire "$@"
elif (( $+functions[compdef] )); then
    compdef _sekuire sekuire
else
    # Sourced before compinit ran: registered at the first prompt behind it.
    _sekuire_register() {
        (( $+functions[compdef] )) || return 0
        compdef _sekuire sekuire
        add-zsh-hook -d precmd _sekuire_register
    }
    autoload -Uz add-zsh-hook
    add-zsh-hook precmd _sekuire_register
fi
