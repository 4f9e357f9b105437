#compdef sekuire
_sekuire() {
    local -a commands
    local command= i
    for ((i = 2; i < CURRENT; i++)); do
        [[ $words[i] == -* ]] && break
        command+=${command:+ }$words[i]
    done
    case $command in
        '') commands=('login:Verify an API key and bind it to this device' 'auth:Commands of authentication' 'logout:Remove the stored API key from this device' 'status:Show whether this device is logged in, without asking the backend' 'whoami:Ask the backend whose API key this is' 'completions:Print the completion script of a shell\: bash, zsh or fish' 'man:Print the man page' 'help:Show help, also for one command')
            _describe -t commands command commands
            _arguments '(- *)'{-h,--help}'[Show help]' '(- *)'{-V,--version}'[Show the version]' ;;
        auth) commands=('login:Verify an API key and bind it to this device' 'logout:Remove the stored API key from this device' 'status:Show whether this device is logged in, without asking the backend' 'whoami:Ask the backend whose API key this is' 'token:Print the API key, for use by another program')
            _describe -t commands command commands ;;
        'login'*) shift 1 words; (( CURRENT -= 1 ))
            _arguments \
                '--web-url=[Web app URL (default\: https\://sekuire.ai)]:URL: ' \
                '--backend=[Backend API URL (default\: https\://api.sekuire.ai)]:URL: ' \
                '--backend-url=[Backend API URL (default\: https\://api.sekuire.ai)]:URL: ' \
                '--api-key-stdin[Read the API key from standard input; print only the result]' \
                '--workspace=[Default workspace (default\: the first one)]:ID: ' \
                '--timeout=[Longest time for one attempt, 1 to 300 (default\: 10)]:SECS: ' \
                '--wait=[Keep trying for so long, 0 to 3600 (default\: 0, three attempts)]:SECS: ' \
                '(- *)'{-h,--help}'[Show help]' ;;
        'auth login'*) shift 2 words; (( CURRENT -= 2 ))
            _arguments \
                '--web-url=[Web app URL (default\: https\://sekuire.ai)]:URL: ' \
                '--backend=[Backend API URL (default\: https\://api.sekuire.ai)]:URL: ' \
                '--backend-url=[Backend API URL (default\: https\://api.sekuire.ai)]:URL: ' \
                '--api-key-stdin[Read the API key from standard input; print only the result]' \
                '--workspace=[Default workspace (default\: the first one)]:ID: ' \
                '--timeout=[Longest time for one attempt, 1 to 300 (default\: 10)]:SECS: ' \
                '--wait=[Keep trying for so long, 0 to 3600 (default\: 0, three attempts)]:SECS: ' \
                '(- *)'{-h,--help}'[Show help]' ;;
        'logout'*) shift 1 words; (( CURRENT -= 1 ))
            _arguments \
                '(- *)'{-h,--help}'[Show help]' ;;
        'auth logout'*) shift 2 words; (( CURRENT -= 2 ))
            _arguments \
                '(- *)'{-h,--help}'[Show help]' ;;
        'status'*) shift 1 words; (( CURRENT -= 1 ))
            _arguments \
                '--json[Print one JSON object]' \
                '--quiet[Print nothing; only the exit status speaks]' \
                '-q[Print nothing; only the exit status speaks]' \
                '(- *)'{-h,--help}'[Show help]' ;;
        'auth status'*) shift 2 words; (( CURRENT -= 2 ))
            _arguments \
                '--json[Print one JSON object]' \
                '--quiet[Print nothing; only the exit status speaks]' \
                '-q[Print nothing; only the exit status speaks]' \
                '(- *)'{-h,--help}'[Show help]' ;;
        'auth whoami'*) shift 2 words; (( CURRENT -= 2 ))
            _arguments \
                '--backend-url=[Backend URL (default\: the one logged in to)]:URL: ' \
                '--backend=[Backend URL (default\: the one logged in to)]:URL: ' \
                '--json[Print one JSON object]' \
                '--quiet[Print nothing; only the exit status speaks]' \
                '-q[Print nothing; only the exit status speaks]' \
                '--timeout=[Longest time for one attempt, 1 to 300 (default\: 10)]:SECS: ' \
                '--wait=[Keep trying for so long, 0 to 3600 (default\: 0, three attempts)]:SECS: ' \
                '(- *)'{-h,--help}'[Show help]' ;;
        'whoami'*) shift 1 words; (( CURRENT -= 1 ))
            _arguments \
                '--backend-url=[Backend URL (default\: the one logged in to)]:URL: ' \
                '--backend=[Backend URL (default\: the one logged in to)]:URL: ' \
                '--json[Print one JSON object]' \
                '--quiet[Print nothing; only the exit status speaks]' \
                '-q[Print nothing; only the exit status speaks]' \
                '--timeout=[Longest time for one attempt, 1 to 300 (default\: 10)]:SECS: ' \
                '--wait=[Keep trying for so long, 0 to 3600 (default\: 0, three attempts)]:SECS: ' \
                '(- *)'{-h,--help}'[Show help]' ;;
        'auth token'*) shift 2 words; (( CURRENT -= 2 ))
            _arguments \
                '(- *)'{-h,--help}'[Show help]' ;;
        'completions'*) shift 1 words; (( CURRENT -= 1 ))
            _arguments \
                '1: :(bash zsh fish)' \
                '(- *)'{-h,--help}'[Show help]' ;;
        'man'*) shift 1 words; (( CURRENT -= 1 ))
            _arguments \
                '(- *)'{-h,--help}'[Show help]' ;;
        'help'*) shift 1 words; (( CURRENT -= 1 ))
            _arguments \
                '1: :(login auth logout status whoami completions man help)' \
                '(- *)'{-h,--help}'[Show help]' ;;
    esac
}
if [ "$funcstack[1]" = _sekuire ]; then _sekuire "$@"; else compdef _sekuire sekuire; fi
