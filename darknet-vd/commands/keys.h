/* darknet vd keys: all keys of cfgs and data files, for people, programs, and as the page docs/cfg.md. */
#ifndef VD_COMMANDS_KEYS_H
#define VD_COMMANDS_KEYS_H

/* darknet vd keys [-json | -markdown]; argv[0] is "keys"; returns the exit status */
int vd_keys_command(int argc, char **argv);

#endif
