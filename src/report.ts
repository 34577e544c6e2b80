// The entry `propago/report`: a page that shows how a training went and what its model does. It takes the library from
// `propago`, and brings what it draws with.
export { report, type ReportData, type ReportOptions } from "./report/report.ts";
/** @internal The command loads it from here, when it is asked for a report. */
export { commandReport } from "./report/command.ts";
