// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "adapters/http/client.h"
#include "codec/json.h"

namespace birthmark::agent {

/// The refusal behind an answer that is no success: problem+json, or the one line of EST. `unavailable` where the
/// answer names no code that is known here.
Error refusal(const http::Response& answer);

/// Sends an object and reads the object that comes back with 200, 201 or 202.
/// @error what the server answered; bad_json: an answer that is no JSON; unavailable, unauthenticated
Result<boost::json::value> post(http::Client& client, const std::string& path, const boost::json::value& body);
Result<boost::json::value> get(http::Client& client, const std::string& target);
/// An answer of EST, decoded. @error as `post`
Result<Bytes> get_est(http::Client& client, const std::string& path);

/// Sends a request to an EST path and returns the DER that comes back. @error as `post`; bad_request: not base64
Result<Bytes> post_est(http::Client& client, const std::string& path, BytesView csr);

}  // namespace birthmark::agent
