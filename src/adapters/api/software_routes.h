// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "adapters/api/router.h"

namespace birthmark::api {

/// `POST /v1/software-devices`: {"batch", "csr" base64} -> the device's summary with root `software`, and its IDevID.
Result<http::Response> software_register(Call& call);

}  // namespace birthmark::api
