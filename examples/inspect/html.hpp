// A report as a page for a browser.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace inspect {

/// Everything in a report, as tables, below pictures (SVG): one page that needs no other file.
std::string html_page(const std::string& title, const nlohmann::ordered_json& report,
                      const std::vector<std::string>& pictures);

}  // namespace inspect
