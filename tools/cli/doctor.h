/*
 * doctor.h - the report of shareable doctor, and its checks.
 */
#ifndef SHAREABLE__CLI_DOCTOR_H
#define SHAREABLE__CLI_DOCTOR_H

typedef enum doctor_verdict { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_WRONG } doctor_verdict;

typedef struct doctor_report doctor_report;

/*
 * Adds the result of a check: what was found, as printf(3) formats it, and what to do, which is
 * empty if the verdict is DOCTOR_OK.
 */
void doctor_add(doctor_report *report, const char *check, doctor_verdict verdict, const char *advice,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Each adds the results of its checks. */
void doctor_check_directory(doctor_report *report);
void doctor_check_logs(doctor_report *report);
void doctor_check_mounts(doctor_report *report);
void doctor_check_kernel(doctor_report *report);
void doctor_check_capabilities(doctor_report *report);
void doctor_check_logout(doctor_report *report);
void doctor_check_limits(doctor_report *report);
void doctor_check_programs(doctor_report *report);
void doctor_check_blocks(doctor_report *report);

#endif
