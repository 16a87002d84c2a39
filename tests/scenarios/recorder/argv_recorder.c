/*
 * Copyright (c) 2026, kubeadm.ha contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Preloaded into every program of a host, it writes down the arguments of each: of programs that are linked dynamically when they
 * begin, of all others when a program begins them. Nothing is sampled. Where there is no log, nothing is written.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void record(char *const argv[])
{
    int kept = errno;
    const char *named = secure_getenv("ARGV_RECORDER_LOG");
    int log = open(named ? named : "/run/argv-recorder.log", O_WRONLY | O_APPEND | O_CLOEXEC);
    if (log >= 0 && argv) {
        size_t length = 1;
        for (int i = 0; argv[i]; i++)
            length += strlen(argv[i]) + 1;
        char *line = malloc(length);
        if (line) {
            char *end = line;
            for (int i = 0; argv[i]; i++) {
                end = stpcpy(end, argv[i]);
                *end++ = ' ';
            }
            *end++ = '\n';
            ssize_t written = write(log, line, (size_t)(end - line));
            (void)written;
            free(line);
        }
    }
    if (log >= 0)
        close(log);
    errno = kept;
}

__attribute__((constructor)) static void begins(int argc, char **argv)
{
    (void)argc;
    record(argv);
}

#define REAL(name, type) ((type)dlsym(RTLD_NEXT, name))

int execve(const char *path, char *const argv[], char *const envp[])
{
    record(argv);
    return REAL("execve", int (*)(const char *, char *const[], char *const[]))(path, argv, envp);
}

int execv(const char *path, char *const argv[])
{
    record(argv);
    return REAL("execv", int (*)(const char *, char *const[]))(path, argv);
}

int execvp(const char *file, char *const argv[])
{
    record(argv);
    return REAL("execvp", int (*)(const char *, char *const[]))(file, argv);
}

int execvpe(const char *file, char *const argv[], char *const envp[])
{
    record(argv);
    return REAL("execvpe", int (*)(const char *, char *const[], char *const[]))(file, argv, envp);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                char *const argv[], char *const envp[])
{
    record(argv);
    return REAL("posix_spawn", int (*)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                                       char *const[], char *const[]))(pid, path, actions, attributes, argv, envp);
}

int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                 char *const argv[], char *const envp[])
{
    record(argv);
    return REAL("posix_spawnp", int (*)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                                        char *const[], char *const[]))(pid, file, actions, attributes, argv, envp);
}
