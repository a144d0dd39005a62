/* The YAML format of blueprints, blueprint(5). */
#ifndef QUESTIONS_TEXT_BLUEPRINT_TEXT_H
#define QUESTIONS_TEXT_BLUEPRINT_TEXT_H

#include "proto/base/bytes.h"
#include "proto/base/diag.h"
#include "questions/model/blueprint.h"

/* Reads, checks (blueprint_check) and seals a blueprint; otherwise as bank_parse(). */
MUST_USE enum err blueprint_parse(struct blueprint **out, struct bytes text, const char *file,
				  struct diag *diag);

#endif
