// SPDX-License-Identifier: Apache-2.0
#include "attest/appraisal.h"

namespace birthmark::attest {

std::string_view name(EvidenceKind kind) {
  switch (kind) {
    case EvidenceKind::tpm:
      return "tpm";
    case EvidenceKind::psa:
      return "psa";
    case EvidenceKind::eat:
      return "eat";
    case EvidenceKind::dice:
      return "dice";
    case EvidenceKind::secure_element:
      return "secure_element";
    case EvidenceKind::software:
      return "software";
    case EvidenceKind::matter:
      return "matter";
  }
  return "unknown";
}

}  // namespace birthmark::attest
