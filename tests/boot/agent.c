/* The recipes' agent, linked statically: says that it was given a key, never which, and stays until it is told to end. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    const char *key = getenv("SEKUIRE_API_KEY"), *url = getenv("SEKUIRE_API_URL");
    sigset_t signals;
    int told;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    printf("agent: started as process %d with a key of %zu characters, for %s\n", (int)getpid(),
           key ? strlen(key) : 0, url ? url : "nobody");
    fflush(stdout);
    return sigwait(&signals, &told);
}
