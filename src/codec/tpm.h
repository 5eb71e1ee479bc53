// SPDX-License-Identifier: Apache-2.0
#pragma once

// All of the TPM 2.0 readers and writers.
#include "codec/tpm_attest.h"
#include "codec/tpm_credential.h"
#include "codec/tpm_public.h"
#include "codec/tpm_signature.h"
#include "codec/tpm_template.h"
#include "codec/tpm_types.h"
