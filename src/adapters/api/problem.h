// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "adapters/http/message.h"
#include "base/result.h"
#include "codec/json.h"

namespace birthmark::api {

/// The one form of every refusal: application/problem+json (RFC 9457) with the stable code, its cause and its remedy.
http::Response problem(const Error& error);
/// Plain words for EST clients, which show nothing else (RFC 7030 §4.2.3); the code stands first.
http::Response plain_problem(const Error& error);
/// The code with which the transport refuses with this status, before any route is known: 400, 408, 413, 431, 500, 503.
Code transport_code(int status);
/// 200 (or another status) with one line of JSON.
http::Response ok(const boost::json::value& body, int status = 200);

}  // namespace birthmark::api
