// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/api_client.h"

namespace birthmark::cli {

/// A certificate of the service hierarchy that is to be had: of a station, a gate or a person.
struct ServiceOrder {
  CredentialFiles files;     ///< where key, certificate and anchor are to lie
  std::string csr_file;      ///< a request (PEM or DER) that somebody else made; empty: the key is made here
  bool anew = false;         ///< whoever has a certificate gets a new key and a new one
  std::string target;        ///< of the order: "/v1/stations"
  boost::json::object body;  ///< its members but for "csr"
};

/// Makes the key here, unless a request is given, has it certified by the server and leaves `<name>.key` (encrypted),
/// `<name>.pem` and the service root. The present key and certificate stay until the new ones are there; an interrupted
/// run uses its new key again.
/// @return serial, not_after, directory.
/// @error conflict: there is a certificate, or a key beside a request that was given; bad_evidence: the server
/// certified another key; bad_request: the request that was given; storage, and the server's refusals.
Result<boost::json::object> enroll_service(ApiClient& client, Files& files, const ServiceOrder& order,
                                           const std::vector<Bytes>& anchors);

}  // namespace birthmark::cli
