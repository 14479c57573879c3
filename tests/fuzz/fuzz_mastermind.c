/* SPDX-License-Identifier: BSD-2-Clause */
#include "split.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct config config = {.seed = 1};
	char why[256];

	(void)argc, (void)argv;
	log_quiet();
	must(!app_mastermind.start(&config, why));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct life whole, cut;

	life_begin(&whole, &app_mastermind, 1);
	life_input(&whole, &app_mastermind, data, size, 257, 128);
	life_begin(&cut, &app_mastermind, 1);
	life_cut(&cut, &app_mastermind, data, size, 257, 128);
	must_be_same(&whole, &cut);
	life_end(&whole, &app_mastermind);
	life_end(&cut, &app_mastermind);
	return 0;
}
