/* map_internal.h - what the files of map/ share: the map itself, and the tables it is read by. */
#ifndef MAP_MAP_INTERNAL_H
#define MAP_MAP_INTERNAL_H

#include <Zydis/Zydis.h>

#include "map/map.h"
#include "map/select.h"

enum { MAP_MNEMONICS = 2048, MAP_AT_BUCKETS = 1024, MAP_PLANT_BUCKETS = 1024, MAP_PLANTS = 65000 };

enum map_reason {
#define REASON(name, text) REASON_##name,
#include "map/reasons.def"
#undef REASON
};

enum map_class {
#define CLASS(name, word, text) CLASS_##name,
#include "map/classes.def"
#undef CLASS
    N_CLASSES
};

/* Indices of rules, in their order. */
struct rule_list {
    uint32_t n, n_room;
    uint16_t *items;
};

/* form.c's answer and the default technique of all instructions of a shape. */
struct shape_memo {
    uint32_t shape;
    uint8_t verdict, op, technique;
    uint8_t possible; /* technique, or the next one that the shape has a form for */
};
/* What the built-in rules say of one kind of instruction: they ask for nothing but what is in key.
 */
struct default_memo {
    uint64_t key; /* 0: free */
    uint8_t technique;
};
enum { MAP_MEMOS = 2048 };

/* Rules about data: those of a few pages by page, in a hash. */
enum { MAP_DATA_BUCKETS = 256, MAP_DATA_PAGES = 16, MAP_DATA_MEMOS = 1024 };
struct data_index {
    struct rule_list wide, by_page[MAP_DATA_BUCKETS];
};
/* What was judged of a rule about data and one instruction. */
struct data_memo {
    uint32_t eip, mode, phys_page;
    uint16_t rule;
    uint8_t answer;  /* 0: free; 1: no, 2: yes */
    uint8_t n_bytes; /* 0: no instruction */
    uint8_t bytes[INSN_MAX_BYTES];
};

struct map {
    struct map_plant *plants;    /* [0] is none */
    ZydisDecoder code32, code16; /* for rules that name operands */
    struct map_rule *rules;
    char **leads; /* by rule: comments and blank lines before it, or NULL */
    uint32_t n_rules, n_rules_room, n_free;
    uint64_t next_order;
    uint64_t default_end; /* rules before it are built-in; 0: one of those was cleared */
    struct default_memo memo[MAP_MEMOS];
    struct shape_memo by_shape[MAP_MEMOS];
    int next_id;
    bool is_default;                         /* the default map is being read: no ids */
    struct rule_list general;                /* any instruction may match */
    struct rule_list by_name[MAP_MNEMONICS]; /* those that only name instructions */
    struct rule_list by_lin[MAP_AT_BUCKETS]; /* those for one linear address */
    struct data_index data[2];               /* linear, physical */
    uint32_t n_data_rules;
    struct rule_list emulates; /* the user's rules that say so, in order */
    struct data_memo data_memo[MAP_DATA_MEMOS];
    uint16_t *plant_next;
    uint32_t n_plants, n_plants_room;
    uint16_t plant_hash[MAP_PLANT_BUCKETS];
    uint8_t counter_used[MAP_MAX_COUNTERS];
    char **names; /* of sources */
    uint32_t n_names;
};

static inline unsigned map_lin_bucket(uint32_t lin)
{
    return (lin * 2654435761u) >> 22;
}

/* index.c */
bool map_list_add(struct rule_list *list, uint16_t rule);
void map_list_remove(struct rule_list *list, uint16_t rule);
/* Puts a rule on the lists it is found by, or takes it off. False: no memory. */
bool map_index_rule(struct map *map, uint16_t index, bool add);

/* data.c, data_light.c */
bool map_index_data(struct map *map, uint16_t index, bool add);
bool map_is_about(const struct map_data *data, const struct map_access *access);
static inline struct data_memo *map_data_memo(struct map *map, unsigned index, uint32_t eip)
{
    return &map->data_memo[(eip * 2654435761u + index * 40503u) >> 12 & (MAP_DATA_MEMOS - 1)];
}

/* plant.c. 0 if there is no room: map_has_room() is asked before each scan. */
unsigned map_intern_plant(struct map *map, struct map_plant *plant);
/* Out of the hash: the same set of slots may mean other rules soon. */
void map_drop_plants_of(struct map *map, uint16_t rule);

/* A rule between parser and map: owned by whoever holds it. */
struct map_draft {
    struct map_rule rule;
    char *lead;  /* comment and blank lines before it, or NULL */
    bool clears; /* the word "clear": forget all rules before */
};
void map_draft_free(struct map_draft *draft);

/* parse.c: drafts of all rules of a text; false with errors. *drafts is malloc'ed in any case. */
bool map_parse(const char *name, const char *text, size_t n_bytes, struct map_draft **drafts,
               unsigned *n_drafts, struct map_errors *errors);

/* form.c */
void map_find_form(struct insn *insn);
bool map_has_form(const struct insn *insn, enum technique technique);
const char *map_why_no_form(const struct insn *insn, enum technique technique);
/* The form of all instructions of this name. False: it depends on their bytes, or there is none. */
bool map_form_of_name(unsigned mnemonic, struct insn *insn);

/* check.c: complains of techniques and patches that an instruction the rule selects cannot have. */
void map_check_rules(const struct map *map, const struct map_draft *drafts, unsigned n_drafts,
                     const char *name, struct map_errors *errors);

/* names.c: fills names, opsize and is_far of *choice; 0 names: no such instruction. -1: no memory.
 */
int map_find_names(const char *word, struct map_choice *choice);
const char *map_closest_word(const char *word); /* a name or class much like it, or NULL */

/* class.c */
int map_find_class(const char *word); /* enum map_class, or -1 */
bool map_class_has(enum map_class class_index, const struct insn *insn);
const char *map_class_word(enum map_class class_index);

/* match.c: an instruction in hand while rules are tried on it. */
struct map_match {
    const struct map *map;
    const struct insn *insn;
    const struct map_site *site; /* NULL: everywhere */
    bool has_decoded, is_decoded;
    ZydisDecodedInstruction zydis;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};
bool map_rule_matches(const struct map_rule *rule, struct map_match *match);
/* Ring, mode, address and page. */
bool map_matches_place(const struct map_select *select, uint32_t eip, const struct map_site *site);
bool map_choice_matches(const struct map_choice *choice, struct map_match *match);
/* Where a port or a value is asked for: is it of a kind the instruction has? */
bool map_has_asked_values(const struct map_rule *rule, const struct insn *insn);

static inline bool insn_is_port(const struct insn *insn)
{
    return insn->op == OP_IN || insn->op == OP_OUT || insn->op == OP_INS || insn->op == OP_OUTS;
}

/* each.c: shows each opcode with each reg field, register and memory, plain and with the prefixes
 * that make other instructions of it; immediates, SIB and displacement are 0. every_rm: with each
 * register in rm too. 4 ms; 20 ms with every_rm. */
typedef void map_each_fn(void *arg, struct map_match *match);
void map_each_insn(const struct map *map, bool every_rm, map_each_fn *see, void *arg);

/* never.c: warns of rules that can never hold. */
void map_find_never(const struct map *map, const struct map_draft *drafts, unsigned n_drafts,
                    const char *name, struct map_errors *errors);

#endif
