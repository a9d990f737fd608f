/* The words of a command line: help, and what stands behind an option. */
#ifndef VD_COMMANDS_WORDS_H
#define VD_COMMANDS_WORDS_H

/* The words of a command, and the option argv[at] that has just been read. argv may be shorter than argc says: it then
 * ends with a null */
typedef struct {
    const char *command; /* "vd bench": messages begin with "darknet vd bench: " */
    int argc;
    char **argv;
    int at;
} vd_words;

/* how many words argv has: fewer than argc after find_arg(), which removes the option it finds, moves the rest up and
 * puts nulls at the end */
int vd_words_count(int argc, char **argv);

/* 1 where one of the words behind darknet COMMAND is this one */
int vd_words_have(int argc, char **argv, const char *word);

/* 1 for -h and --help */
int vd_word_is_help(const char *word);

/* 1 where one of the words behind argv[0], a command, is such a word: the usage has been printed then */
int vd_words_help(int argc, char **argv, const char *usage);

/* the value behind the option, which is the word read last then. vd_die() where there is none, or where it is not a
 * number from least to most */
const char *vd_word_text(vd_words *w);
double vd_word_number(vd_words *w, double least, double most);
long vd_word_integer(vd_words *w, long least, long most);

#endif
