/* A freeDiameter 1.2.1 extension that originates RFC 4006 sessions: CCR-I, N x CCR-U, CCR-T to realm charging.test.
   The extension's "config file" argument carries "SESSIONS:UPDATES[:ACCOUNT]", e.g. "1:2:1001".
   gcc -shared -fPIC -O1 -o gy_app.fdx gy_app.c         needs libfreediameter-dev */
#include <freeDiameter/extension.h>
#include <semaphore.h>

static struct dict_object *d_ccr, *d_sid, *d_drealm, *d_app, *d_ctx, *d_type, *d_num, *d_sub, *d_subt, *d_subd, *d_mscc, *d_rg, *d_rsu, *d_usu, *d_tot, *d_gsu, *d_rc;
static int sessions = 1, updates = 1; static char account[64] = "1001"; static sem_t sem; static pthread_t thr; static uint32_t last_rc; static uint64_t last_gsu;

static int u32(msg_or_avp *p, struct dict_object *d, uint32_t v) { struct avp *a; union avp_value x; CHECK_FCT(fd_msg_avp_new(d, 0, &a)); x.u32 = v; CHECK_FCT(fd_msg_avp_setvalue(a, &x)); return fd_msg_avp_add(p, MSG_BRW_LAST_CHILD, a); }
static int u64(msg_or_avp *p, struct dict_object *d, uint64_t v) { struct avp *a; union avp_value x; CHECK_FCT(fd_msg_avp_new(d, 0, &a)); x.u64 = v; CHECK_FCT(fd_msg_avp_setvalue(a, &x)); return fd_msg_avp_add(p, MSG_BRW_LAST_CHILD, a); }
static int str(msg_or_avp *p, struct dict_object *d, const char *s) { struct avp *a; union avp_value x; CHECK_FCT(fd_msg_avp_new(d, 0, &a)); x.os.data = (uint8_t *)s; x.os.len = strlen(s); CHECK_FCT(fd_msg_avp_setvalue(a, &x)); return fd_msg_avp_add(p, MSG_BRW_LAST_CHILD, a); }
static struct avp *grp(msg_or_avp *p, struct dict_object *d) { struct avp *a = NULL; if (fd_msg_avp_new(d, 0, &a) || fd_msg_avp_add(p, MSG_BRW_LAST_CHILD, a)) return NULL; return a; }

static void answered(void *data, struct msg **msg) {
	struct avp *a = NULL, *g = NULL; struct avp_hdr *h; last_rc = 0; last_gsu = 0;
	if (!fd_msg_search_avp(*msg, d_rc, &a) && a && !fd_msg_avp_hdr(a, &h) && h->avp_value) last_rc = h->avp_value->u32;
	if (!fd_msg_search_avp(*msg, d_mscc, &g) && g) {
		msg_or_avp *c = NULL, *t = NULL; fd_msg_browse(g, MSG_BRW_FIRST_CHILD, &c, NULL);
		for (; c; fd_msg_browse(c, MSG_BRW_NEXT, &c, NULL)) if (!fd_msg_avp_hdr(c, &h) && h->avp_code == 431 && !fd_msg_browse(c, MSG_BRW_FIRST_CHILD, &t, NULL) && t && !fd_msg_avp_hdr(t, &h) && h->avp_value) last_gsu = h->avp_value->u64;
	}
	fd_msg_free(*msg); *msg = NULL; sem_post(&sem);
}
static int ccr(os0_t sid, uint32_t type, uint32_t num) {
	struct msg *m; struct avp *g, *x; struct timespec ts;
	CHECK_FCT(fd_msg_new(d_ccr, MSGFL_ALLOC_ETEID, &m));
	CHECK_FCT(fd_msg_avp_new(d_sid, 0, &x)); { union avp_value v; v.os.data = sid; v.os.len = strlen((char *)sid); CHECK_FCT(fd_msg_avp_setvalue(x, &v)); } CHECK_FCT(fd_msg_avp_add(m, MSG_BRW_FIRST_CHILD, x));
	CHECK_FCT(fd_msg_add_origin(m, 0)); CHECK_FCT(str(m, d_drealm, "charging.test")); CHECK_FCT(u32(m, d_app, 4)); CHECK_FCT(str(m, d_ctx, "32251@3gpp.org")); CHECK_FCT(u32(m, d_type, type)); CHECK_FCT(u32(m, d_num, num));
	g = grp(m, d_sub); u32(g, d_subt, 0); str(g, d_subd, account);
	g = grp(m, d_mscc); if (type != 3) { x = grp(g, d_rsu); u64(x, d_tot, 1000000); } if (type != 1) { x = grp(g, d_usu); u64(x, d_tot, 250000); } u32(g, d_rg, 10);
	CHECK_FCT(fd_msg_send(&m, answered, NULL));
	clock_gettime(CLOCK_REALTIME, &ts); ts.tv_sec += 5; if (sem_timedwait(&sem, &ts)) { fd_log_notice("GY %s type %u: no answer", sid, type); return ETIMEDOUT; }
	fd_log_notice("GY %s type %u number %u -> %u granted %llu", sid, type, num, last_rc, (unsigned long long)last_gsu); return 0;
}
static void *run(void *unused) {
	int i, j; char sid[128]; struct peer_hdr *peer = NULL; DiamId_t server = "ocs.charging.test"; fd_core_waitstartcomplete();
	for (i = 0; i < 200; i++) { if (!fd_peer_getbyid(server, strlen(server), 0, &peer) && peer && fd_peer_get_state(peer) == STATE_OPEN) break; usleep(50000); }
	for (i = 0; i < sessions; i++) { snprintf(sid, sizeof sid, "%s;%ld;%d", fd_g_config->cnf_diamid, (long)time(NULL), i); if (ccr((os0_t)sid, 1, 0)) continue; for (j = 1; j <= updates; j++) ccr((os0_t)sid, 2, j); ccr((os0_t)sid, 3, updates + 1); }
	fd_log_notice("GY done"); return NULL;
}
static int entry(char *conf) {
	struct dict_object *app; application_id_t id = 4; if (conf) sscanf(conf, "%d:%d:%63s", &sessions, &updates, account);
#define AVP(n, o) CHECK_FCT(fd_dict_search(fd_g_config->cnf_dict, DICT_AVP, AVP_BY_NAME, n, &o, ENOENT))
	CHECK_FCT(fd_dict_search(fd_g_config->cnf_dict, DICT_APPLICATION, APPLICATION_BY_ID, &id, &app, ENOENT));
	CHECK_FCT(fd_dict_search(fd_g_config->cnf_dict, DICT_COMMAND, CMD_BY_NAME, "Credit-Control-Request", &d_ccr, ENOENT));
	AVP("Session-Id", d_sid); AVP("Destination-Realm", d_drealm); AVP("Auth-Application-Id", d_app); AVP("Service-Context-Id", d_ctx); AVP("CC-Request-Type", d_type); AVP("CC-Request-Number", d_num);
	AVP("Subscription-Id", d_sub); AVP("Subscription-Id-Type", d_subt); AVP("Subscription-Id-Data", d_subd); AVP("Multiple-Services-Credit-Control", d_mscc); AVP("Rating-Group", d_rg);
	AVP("Requested-Service-Unit", d_rsu); AVP("Used-Service-Unit", d_usu); AVP("CC-Total-Octets", d_tot); AVP("Granted-Service-Unit", d_gsu); AVP("Result-Code", d_rc);
	CHECK_FCT(fd_disp_app_support(app, NULL, 1, 0)); sem_init(&sem, 0, 0); return pthread_create(&thr, NULL, run, NULL);
}
void fd_ext_fini(void) { pthread_cancel(thr); pthread_join(thr, NULL); }
EXTENSION_ENTRY("gy_app", entry, "dict_dcca");
