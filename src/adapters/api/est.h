// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "adapters/api/router.h"

// EST (RFC 7030, RFC 8951) in the exact form that deployed clients need: one line of base64, exact header spelling.
namespace birthmark::api::est {

/// The credential and device behind the call's certificate. @error as app::Enrollment::caller
Result<app::Caller> caller(Call& call, lifecycle::CredentialKind kind);

Result<http::Response> cacerts(Call& call);
Result<http::Response> csrattrs(Call& call);
Result<http::Response> simpleenroll(Call& call);
Result<http::Response> simplereenroll(Call& call);

}  // namespace birthmark::api::est
