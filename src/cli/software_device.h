// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "cli/api_client.h"

namespace birthmark::cli {

/// A test device whose key lies in software (the labelled software root), as an operator registers it.
struct SoftwareDeviceOrder {
  std::string batch;
  Bytes csr;                  ///< what the file holds: PKCS#10 in DER or PEM, empty subject, no extension
  std::filesystem::path out;  ///< where the IDevID goes, PEM; empty: nowhere
};

/// Registers it and keeps its IDevID.
/// @return the server's answer, with `file` where one was written.
/// @error bad_request: no request in the file; bad_evidence: the server certified another key; storage: the file; what
/// the server refuses with.
Result<boost::json::value> import_software(ApiClient& client, Files& files, const SoftwareDeviceOrder& order);

}  // namespace birthmark::cli
