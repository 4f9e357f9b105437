# fish completion for sekuire
function __sekuire_at
    set -l words
    for word in (commandline -opc)[2..]
        string match -q -- '-*' $word; and break
        set -a words $word
    end
    test "$words" = "$argv[1]"
end
complete -c sekuire -f
complete -c sekuire -s h -l help -d 'Show help'
complete -c sekuire -n '__sekuire_at ""' -s V -l version -d 'Show the version'
complete -c sekuire -n '__sekuire_at ""' -a login -d 'Verify an API key and bind it to this device'
complete -c sekuire -n '__sekuire_at ""' -a auth -d 'Commands of authentication'
complete -c sekuire -n '__sekuire_at ""' -a logout -d 'Remove the stored API key from this device'
complete -c sekuire -n '__sekuire_at ""' -a status -d 'Show whether this device is logged in, without asking the backend'
complete -c sekuire -n '__sekuire_at ""' -a whoami -d 'Ask the backend whose API key this is'
complete -c sekuire -n '__sekuire_at ""' -a completions -d 'Print the completion script of a shell: bash, zsh or fish'
complete -c sekuire -n '__sekuire_at ""' -a man -d 'Print the man page'
complete -c sekuire -n '__sekuire_at ""' -a help -d 'Show help, also for one command'
complete -c sekuire -n '__sekuire_at "auth"' -a login -d 'Verify an API key and bind it to this device'
complete -c sekuire -n '__sekuire_at "auth"' -a logout -d 'Remove the stored API key from this device'
complete -c sekuire -n '__sekuire_at "auth"' -a status -d 'Show whether this device is logged in, without asking the backend'
complete -c sekuire -n '__sekuire_at "auth"' -a whoami -d 'Ask the backend whose API key this is'
complete -c sekuire -n '__sekuire_at "auth"' -a token -d 'Print the API key, for use by another program'
complete -c sekuire -n '__sekuire_at "login"' -l web-url -x -d 'Web app URL (default: https://sekuire.ai)'
complete -c sekuire -n '__sekuire_at "login"' -l backend -x -d 'Backend API URL (default: https://api.sekuire.ai)'
complete -c sekuire -n '__sekuire_at "login"' -l backend-url -x -d 'Backend API URL (default: https://api.sekuire.ai)'
complete -c sekuire -n '__sekuire_at "login"' -l api-key-stdin -d 'Read the API key from standard input; print only the result'
complete -c sekuire -n '__sekuire_at "login"' -l workspace -x -d 'Default workspace (default: the first one)'
complete -c sekuire -n '__sekuire_at "login"' -l timeout -x -d 'Longest time for one attempt, 1 to 300 (default: 10)'
complete -c sekuire -n '__sekuire_at "login"' -l wait -x -d 'Keep trying for so long, 0 to 3600 (default: 0, three attempts)'
complete -c sekuire -n '__sekuire_at "auth login"' -l web-url -x -d 'Web app URL (default: https://sekuire.ai)'
complete -c sekuire -n '__sekuire_at "auth login"' -l backend -x -d 'Backend API URL (default: https://api.sekuire.ai)'
complete -c sekuire -n '__sekuire_at "auth login"' -l backend-url -x -d 'Backend API URL (default: https://api.sekuire.ai)'
complete -c sekuire -n '__sekuire_at "auth login"' -l api-key-stdin -d 'Read the API key from standard input; print only the result'
complete -c sekuire -n '__sekuire_at "auth login"' -l workspace -x -d 'Default workspace (default: the first one)'
complete -c sekuire -n '__sekuire_at "auth login"' -l timeout -x -d 'Longest time for one attempt, 1 to 300 (default: 10)'
complete -c sekuire -n '__sekuire_at "auth login"' -l wait -x -d 'Keep trying for so long, 0 to 3600 (default: 0, three attempts)'
complete -c sekuire -n '__sekuire_at "status"' -l json -d 'Print one JSON object'
complete -c sekuire -n '__sekuire_at "status"' -s q -l quiet -d 'Print nothing; only the exit status speaks'
complete -c sekuire -n '__sekuire_at "auth status"' -l json -d 'Print one JSON object'
complete -c sekuire -n '__sekuire_at "auth status"' -s q -l quiet -d 'Print nothing; only the exit status speaks'
complete -c sekuire -n '__sekuire_at "auth whoami"' -l backend-url -x -d 'Backend URL (default: the one logged in to)'
complete -c sekuire -n '__sekuire_at "auth whoami"' -l backend -x -d 'Backend URL (default: the one logged in to)'
complete -c sekuire -n '__sekuire_at "auth whoami"' -l json -d 'Print one JSON object'
complete -c sekuire -n '__sekuire_at "auth whoami"' -s q -l quiet -d 'Print nothing; only the exit status speaks'
complete -c sekuire -n '__sekuire_at "auth whoami"' -l timeout -x -d 'Longest time for one attempt, 1 to 300 (default: 10)'
complete -c sekuire -n '__sekuire_at "auth whoami"' -l wait -x -d 'Keep trying for so long, 0 to 3600 (default: 0, three attempts)'
complete -c sekuire -n '__sekuire_at "whoami"' -l backend-url -x -d 'Backend URL (default: the one logged in to)'
complete -c sekuire -n '__sekuire_at "whoami"' -l backend -x -d 'Backend URL (default: the one logged in to)'
complete -c sekuire -n '__sekuire_at "whoami"' -l json -d 'Print one JSON object'
complete -c sekuire -n '__sekuire_at "whoami"' -s q -l quiet -d 'Print nothing; only the exit status speaks'
complete -c sekuire -n '__sekuire_at "whoami"' -l timeout -x -d 'Longest time for one attempt, 1 to 300 (default: 10)'
complete -c sekuire -n '__sekuire_at "whoami"' -l wait -x -d 'Keep trying for so long, 0 to 3600 (default: 0, three attempts)'
complete -c sekuire -n '__sekuire_at "completions"' -a bash
complete -c sekuire -n '__sekuire_at "completions"' -a zsh
complete -c sekuire -n '__sekuire_at "completions"' -a fish
complete -c sekuire -n '__sekuire_at "help"' -a login
complete -c sekuire -n '__sekuire_at "help"' -a auth
complete -c sekuire -n '__sekuire_at "help"' -a logout
complete -c sekuire -n '__sekuire_at "help"' -a status
complete -c sekuire -n '__sekuire_at "help"' -a whoami
complete -c sekuire -n '__sekuire_at "help"' -a completions
complete -c sekuire -n '__sekuire_at "help"' -a man
complete -c sekuire -n '__sekuire_at "help"' -a help
