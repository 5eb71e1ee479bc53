// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "adapters/api/router.h"

// Certificates of the service hierarchy: stations, gates and people (docs/wire/api.md).
namespace birthmark::api {

/// `POST /v1/stations`: {"station", "role", "batch", "csr" base64, "shift_from", "shift_to"} -> its certificate.
Result<http::Response> station_enroll(Call& call);
/// `GET /v1/services`: all that people, gates and stations have or had.
Result<http::Response> service_list(Call& call);
/// `POST /v1/services`: {"name", "role": gate or operator, "csr" base64} -> its certificate.
Result<http::Response> service_certify(Call& call);
/// `POST /v1/services/{serial}/end`.
Result<http::Response> service_end(Call& call);

}  // namespace birthmark::api
