// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/hardware/tpm_root.h"
#include "agent/tpm_context.h"
#include "agent/tpm_keys.h"

namespace birthmark::agent::tss {

/// The commands behind HardwareRoot's functions of the same names; errors as there.
Result<Statement> certify(Context& context, const Object& iak, const Object& subject, const Digest& freshness);
Result<CreationStatement> certify_creation(Context& context, const Object& iak, tpm::Template of,
                                           const Digest& freshness);
Result<Quote> quote(Context& context, const Object& iak, const Digest& freshness, std::span<const std::uint8_t> pcrs);
Result<Bytes> sign_digest(Context& context, const Object& key, const Digest& digest);
Result<Secret> activate(Context& context, const Object& ek, const Object& iak, BytesView id_object,
                        BytesView encrypted_secret);

}  // namespace birthmark::agent::tss
