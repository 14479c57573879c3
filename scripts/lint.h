/* SPDX-License-Identifier: BSD-2-Clause */
/* For cppcheck, which does not look into system headers: their macros that are not plain calls. */
#define LIBBPF_OPTS(type, name, ...)      struct type name = {0}
#define HASH_ITER(hh, head, el, tmp)      for (el = head, tmp = 0; el; el = tmp)
#define HASH_FIND(hh, head, key, len, el) el = head
#define LL_FOREACH(head, el)              for (el = head; el; el = 0)
#define LL_FOREACH_SAFE(head, el, tmp)    for (el = head, tmp = 0; el; el = tmp)
