// bench PAIRS A [ARGUMENTS] -- B [ARGUMENTS]: runs A and B by turns, from fresh copies in $TMPDIR (a file straight
// from the linker starts slower than its copy), output to /dev/null; prints medians, minima, the ratio B/A, and peak
// memory. Static and small on purpose: a shell or Python launcher hides a program under its own cost.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static long peak[2], faults[2];

static char *fresh(const char *from, int which) {
  const char *dir = getenv("TMPDIR");
  char *to;
  if (asprintf(&to, "%s/bench.%d.%d", dir && *dir ? dir : "/tmp", (int)getpid(), which) < 0) exit(2);
  int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
  if (in < 0 || out < 0) { perror(in < 0 ? from : to); exit(2); }
  static char buf[1 << 16];
  ssize_t n;
  while ((n = read(in, buf, sizeof buf)) > 0)
    if (write(out, buf, (size_t)n) != n) { perror(to); exit(2); }
  close(in);
  fsync(out);
  close(out);
  return to;
}

static double run(int which, const char *file, char **argv) {
  struct timespec a, b;
  struct rusage ru;
  int status;
  clock_gettime(CLOCK_MONOTONIC, &a);
  pid_t p = vfork();
  if (p == 0) { execve(file, argv, environ); _exit(127); }
  if (p < 0 || wait4(p, &status, 0, &ru) != p) { perror("run"); exit(2); }
  clock_gettime(CLOCK_MONOTONIC, &b);
  if (status) { fprintf(stderr, "bench: %s ended with status %#x\n", argv[0], (unsigned)status); exit(1); }
  if (ru.ru_maxrss > peak[which]) peak[which] = ru.ru_maxrss;
  faults[which] = ru.ru_minflt;
  return (double)(b.tv_sec - a.tv_sec) * 1e6 + (double)(b.tv_nsec - a.tv_nsec) / 1e3;
}

static int by_value(const void *x, const void *y) {
  double a = *(const double *)x, b = *(const double *)y;
  return (a > b) - (a < b);
}

int main(int argc, char **argv) {
  int n = argc > 3 ? atoi(argv[1]) : 0, split = 3;
  while (split < argc && strcmp(argv[split], "--")) split++;
  if (n < 1 || n > 100000 || split + 1 >= argc) {
    fprintf(stderr, "usage: bench PAIRS A [ARGUMENTS] -- B [ARGUMENTS]\n");
    return 2;
  }
  argv[split] = NULL;
  char **args[2] = {argv + 2, argv + split + 1}, *file[2] = {fresh(args[0][0], 0), fresh(args[1][0], 1)};
  double *t[2] = {calloc((size_t)n, sizeof(double)), calloc((size_t)n, sizeof(double))};
  int keep = dup(1), null = open("/dev/null", O_WRONLY);
  fcntl(keep, F_SETFD, FD_CLOEXEC); // neither program may see it
  dup2(null, 1);
  close(null);
  for (int i = -10; i < n; i++) // ten pairs to warm up
    for (int w = 0; w < 2; w++) {
      double us = run(w, file[w], args[w]);
      if (i >= 0) t[w][i] = us;
    }
  dup2(keep, 1);
  for (int w = 0; w < 2; w++) {
    unlink(file[w]);
    qsort(t[w], (size_t)n, sizeof(double), by_value);
    printf("%s: median %.1f us, minimum %.1f us, peak %ld KiB, %ld page faults\n", args[w][0], t[w][n / 2], t[w][0], peak[w], faults[w]);
  }
  printf("ratio of medians %.2f, of minima %.2f, over %d pairs\n", t[1][n / 2] / t[0][n / 2], t[1][0] / t[0][0], n);
  return 0;
}
