/* SPDX-License-Identifier: BSD-2-Clause */
/* Which sanitizer this is compiled for: ASAN, TSAN. gcc and clang say it differently. */
#ifndef SERVERS_SANITIZE_H
#define SERVERS_SANITIZE_H

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define ASAN 1
#else
#define ASAN 0
#endif

#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define TSAN 1
#else
#define TSAN 0
#endif

#endif
