BEGIN TRANSACTION;
CREATE TABLE activity (
	id INTEGER NOT NULL, 
	ticket_id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	kind VARCHAR(30) NOT NULL, 
	"by" VARCHAR(40) NOT NULL, 
	note TEXT NOT NULL, 
	detail JSON NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(ticket_id) REFERENCES ticket (id)
);
INSERT INTO "activity" VALUES(1,1,'2026-11-28 23:29:30.020347','reported','resident','','{"told": ["M22"]}');
INSERT INTO "activity" VALUES(2,2,'2026-11-28 23:30:38.712282','reported','resident','','{"told": ["M11"]}');
INSERT INTO "activity" VALUES(3,3,'2026-11-28 23:31:14.365245','reported','resident','','{"told": ["T1", "D1", "D2"]}');
INSERT INTO "activity" VALUES(4,1,'2026-11-28 23:34:14.094825','acknowledged','M22','','{"from": "reported"}');
INSERT INTO "activity" VALUES(5,2,'2026-11-28 23:34:16.942954','acknowledged','M11','','{"from": "reported"}');
INSERT INTO "activity" VALUES(6,2,'2026-11-28 23:34:19.729494','resolved','M11','空开换了','{"from": "acknowledged"}');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE call (
	id VARCHAR(40) NOT NULL, 
	caller VARCHAR(80) NOT NULL, 
	dialled VARCHAR(80) NOT NULL, 
	diverting VARCHAR(80) NOT NULL, 
	front_end VARCHAR(20) NOT NULL, 
	started_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	outcome VARCHAR(40) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "call" VALUES('30245049-08b8-431f-ba6c-49b3ec7e2e47','13907150000','','','audiosocket','2026-11-28 23:29:20.753841','2026-11-28 23:29:33.225827','hung_up');
CREATE TABLE community (
	id INTEGER NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "community" VALUES(1,'桃溪社区');
INSERT INTO "community" VALUES(2,'白泉社区');
INSERT INTO "community" VALUES(3,'凤凰社区');
INSERT INTO "community" VALUES(4,'东关社区');
INSERT INTO "community" VALUES(5,'南门社区');
INSERT INTO "community" VALUES(6,'河滨社区');
INSERT INTO "community" VALUES(7,'青山社区');
INSERT INTO "community" VALUES(8,'新桥社区');
CREATE TABLE contact (
	id INTEGER NOT NULL, 
	channel VARCHAR(20) NOT NULL, 
	address VARCHAR(80) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (channel, address)
);
INSERT INTO "contact" VALUES(1,'phone','18700006367');
INSERT INTO "contact" VALUES(2,'phone','13900004459');
INSERT INTO "contact" VALUES(3,'phone','18700008497');
INSERT INTO "contact" VALUES(4,'phone','15800006470');
INSERT INTO "contact" VALUES(5,'phone','13800003102');
INSERT INTO "contact" VALUES(6,'phone','18700008657');
INSERT INTO "contact" VALUES(11,'phone','13900001958');
INSERT INTO "contact" VALUES(97,'phone','18700006627');
INSERT INTO "contact" VALUES(98,'phone','15800005182');
INSERT INTO "contact" VALUES(99,'phone','13800000421');
INSERT INTO "contact" VALUES(100,'phone','13800000000');
INSERT INTO "contact" VALUES(183,'phone','13900009240');
INSERT INTO "contact" VALUES(184,'phone','13800000817');
INSERT INTO "contact" VALUES(185,'phone','18700004508');
INSERT INTO "contact" VALUES(186,'phone','15800008235');
INSERT INTO "contact" VALUES(187,'phone','13900004467');
INSERT INTO "contact" VALUES(188,'phone','15800004655');
INSERT INTO "contact" VALUES(275,'phone','13900005115');
INSERT INTO "contact" VALUES(276,'phone','13800004083');
INSERT INTO "contact" VALUES(277,'phone','13900007570');
INSERT INTO "contact" VALUES(278,'phone','18700002262');
INSERT INTO "contact" VALUES(279,'phone','18700005652');
INSERT INTO "contact" VALUES(280,'phone','13800004565');
INSERT INTO "contact" VALUES(358,'phone','13900003729');
INSERT INTO "contact" VALUES(359,'phone','15800006304');
INSERT INTO "contact" VALUES(360,'phone','18700000985');
INSERT INTO "contact" VALUES(361,'phone','18700002393');
INSERT INTO "contact" VALUES(362,'phone','15800000682');
INSERT INTO "contact" VALUES(363,'phone','13900007640');
INSERT INTO "contact" VALUES(446,'phone','13800004678');
INSERT INTO "contact" VALUES(447,'phone','13900004033');
INSERT INTO "contact" VALUES(448,'phone','18700002923');
INSERT INTO "contact" VALUES(449,'phone','18700007746');
INSERT INTO "contact" VALUES(450,'phone','13800008277');
INSERT INTO "contact" VALUES(451,'phone','13800002483');
INSERT INTO "contact" VALUES(534,'phone','18700006177');
INSERT INTO "contact" VALUES(535,'phone','13900004979');
INSERT INTO "contact" VALUES(536,'phone','18700008283');
INSERT INTO "contact" VALUES(619,'phone','13800002309');
INSERT INTO "contact" VALUES(620,'phone','13800004310');
INSERT INTO "contact" VALUES(621,'phone','13800000222');
INSERT INTO "contact" VALUES(622,'phone','15800006922');
INSERT INTO "contact" VALUES(623,'phone','18700006860');
INSERT INTO "contact" VALUES(624,'phone','13800008456');
INSERT INTO "contact" VALUES(707,'phone','13900002035');
INSERT INTO "contact" VALUES(708,'phone','18700007236');
INSERT INTO "contact" VALUES(709,'phone','18700006174');
INSERT INTO "contact" VALUES(710,'phone','13800002427');
INSERT INTO "contact" VALUES(711,'phone','18700005400');
INSERT INTO "contact" VALUES(790,'phone','18700001483');
INSERT INTO "contact" VALUES(791,'phone','13800001440');
INSERT INTO "contact" VALUES(792,'phone','13800005577');
INSERT INTO "contact" VALUES(793,'phone','18700005562');
INSERT INTO "contact" VALUES(794,'phone','13900008122');
INSERT INTO "contact" VALUES(795,'phone','13900003184');
INSERT INTO "contact" VALUES(873,'phone','13900006995');
INSERT INTO "contact" VALUES(874,'phone','13800003998');
INSERT INTO "contact" VALUES(875,'phone','18700003877');
INSERT INTO "contact" VALUES(876,'phone','13900002079');
INSERT INTO "contact" VALUES(877,'phone','18700006681');
INSERT INTO "contact" VALUES(958,'phone','18700000948');
INSERT INTO "contact" VALUES(959,'phone','15800001860');
INSERT INTO "contact" VALUES(960,'phone','13800004137');
INSERT INTO "contact" VALUES(961,'phone','18700005951');
INSERT INTO "contact" VALUES(962,'phone','18700002938');
INSERT INTO "contact" VALUES(963,'phone','18700005389');
INSERT INTO "contact" VALUES(972,'phone','13800005927');
INSERT INTO "contact" VALUES(1047,'phone','13800003443');
INSERT INTO "contact" VALUES(1048,'phone','15800004288');
INSERT INTO "contact" VALUES(1049,'phone','18700009440');
INSERT INTO "contact" VALUES(1050,'phone','13800006200');
INSERT INTO "contact" VALUES(1051,'phone','13900001439');
INSERT INTO "contact" VALUES(1134,'phone','18700006167');
INSERT INTO "contact" VALUES(1135,'phone','18700006031');
INSERT INTO "contact" VALUES(1136,'phone','13900008240');
INSERT INTO "contact" VALUES(1137,'phone','15800004468');
INSERT INTO "contact" VALUES(1222,'phone','13900008672');
INSERT INTO "contact" VALUES(1223,'phone','18700009364');
INSERT INTO "contact" VALUES(1224,'phone','13800007964');
INSERT INTO "contact" VALUES(1303,'phone','13800009074');
INSERT INTO "contact" VALUES(1304,'phone','13800004822');
INSERT INTO "contact" VALUES(1305,'phone','13800001513');
INSERT INTO "contact" VALUES(1306,'phone','13900000678');
INSERT INTO "contact" VALUES(1307,'phone','15800002950');
INSERT INTO "contact" VALUES(1308,'phone','13900002379');
CREATE TABLE dialogue_state (
	session VARCHAR(80) NOT NULL, 
	caller VARCHAR(80) NOT NULL, 
	events TEXT NOT NULL, 
	unfinished JSON NOT NULL, 
	changed_at DATETIME NOT NULL, 
	PRIMARY KEY (session)
);
INSERT INTO "dialogue_state" VALUES('30245049-08b8-431f-ba6c-49b3ec7e2e47','13907150000','[{"event": "action", "timestamp": 1795908570.115681, "name": "action_session_start", "policy": null, "confidence": null, "action_text": null, "hide_rule_turn": false}, {"event": "session_started", "timestamp": 1795908570.1156821}, {"event": "slot", "timestamp": 1795908570.1156795, "name": "ticket_no", "value": "GD2611290001"}, {"event": "active_loop", "timestamp": 1795908570.1156845, "name": null}, {"event": "action", "timestamp": 1795908570.1156855, "name": "action_listen", "policy": null, "confidence": null, "action_text": null, "hide_rule_turn": false}, {"event": "user", "timestamp": 1795908569.9688227, "metadata": {"id": "30245049-08b8-431f-ba6c-49b3ec7e2e47-3", "caller": "13907150000", "channel": "phone", "dialled": "", "diverting": "", "alternatives": ["贵"], "model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "text": "对", "parse_data": {"text": "对", "intent": {"name": "affirm", "confidence": 0.9962284030696297}, "entities": [], "message_id": "30245049-08b8-431f-ba6c-49b3ec7e2e47-3", "metadata": {"id": "30245049-08b8-431f-ba6c-49b3ec7e2e47-3", "caller": "13907150000", "channel": "phone", "dialled": "", "diverting": "", "alternatives": ["贵"]}}, "input_channel": "phone", "message_id": "30245049-08b8-431f-ba6c-49b3ec7e2e47-3"}, {"event": "user_featurization", "timestamp": 1795908569.971992, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "use_text_for_featurization": false}, {"event": "action", "timestamp": 1795908569.9720025, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "report_form", "policy": "RulePolicy", "confidence": 1.0, "action_text": null, "hide_rule_turn": true}, {"event": "slot", "timestamp": 1795908569.9720461, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "confirmed", "value": "yes"}, {"event": "slot", "timestamp": 1795908569.9720485, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "misheard", "value": 0}, {"event": "slot", "timestamp": 1795908569.9720502, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "requested_slot", "value": null}, {"event": "slot", "timestamp": 1795908569.9720511, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "requested_slot", "value": null}, {"event": "active_loop", "timestamp": 1795908569.9720526, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": null}, {"event": "action", "timestamp": 1795908570.0976887, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_submit_report", "policy": "RulePolicy", "confidence": 1.0, "action_text": null, "hide_rule_turn": true}, {"event": "bot", "timestamp": 1795908570.0978096, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "text": null, "data": {"elements": null, "quick_replies": null, "buttons": null, "attachment": null, "image": null, "custom": {"ticket_no": "GD2611290001"}}}, {"event": "bot", "timestamp": 1795908570.097813, "metadata": {"utter_action": "utter_logged", "template": "utter_logged", "manager": "柯师傅", "phone": "13700001022", "model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "text": "记下了,归柯师傅管。他的电话是13700001022。再念一遍,13700001022。他会联系您,您莫急。", "data": {"elements": null, "quick_replies": null, "buttons": null, "attachment": null, "image": null, "custom": null}}, {"event": "slot", "timestamp": 1795908570.0978153, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "ticket_no", "value": "GD2611290001"}, {"event": "slot", "timestamp": 1795908570.0978208, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "kind", "value": null}, {"event": "slot", "timestamp": 1795908570.097823, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "said", "value": null}, {"event": "slot", "timestamp": 1795908570.0978253, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "utterance_id", "value": null}, {"event": "slot", "timestamp": 1795908570.097827, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "place", "value": null}, {"event": "slot", "timestamp": 1795908570.0978284, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "place_tries", "value": null}, {"event": "slot", "timestamp": 1795908570.0978298, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "household_no", "value": null}, {"event": "slot", "timestamp": 1795908570.0978317, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "grid_no", "value": null}, {"event": "slot", "timestamp": 1795908570.097833, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "confirmed", "value": null}, {"event": "slot", "timestamp": 1795908570.0978348, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "readback", "value": null}, {"event": "slot", "timestamp": 1795908570.0978413, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "misheard", "value": null}, {"event": "action", "timestamp": 1795908570.1156063, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_listen", "policy": "RulePolicy", "confidence": 1.0, "action_text": null, "hide_rule_turn": true}]','{}','2026-11-28 23:29:30.115781');
INSERT INTO "dialogue_state" VALUES('say-13900000001','13900000001','[{"event": "action", "timestamp": 1795908638.7592406, "name": "action_session_start", "policy": null, "confidence": null, "action_text": null, "hide_rule_turn": false}, {"event": "session_started", "timestamp": 1795908638.7592418}, {"event": "slot", "timestamp": 1795908638.7592385, "name": "ticket_no", "value": "GD2611290002"}, {"event": "active_loop", "timestamp": 1795908638.7592444, "name": null}, {"event": "action", "timestamp": 1795908638.7592456, "name": "action_listen", "policy": null, "confidence": null, "action_text": null, "hide_rule_turn": false}, {"event": "user", "timestamp": 1795908638.6817658, "metadata": {"id": "ad236d6e2f024ed9a1252d2f223f2359", "caller": "13900000001", "channel": "terminal", "dialled": "", "diverting": "", "alternatives": [], "model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "text": "对", "parse_data": {"text": "对", "intent": {"name": "affirm", "confidence": 0.9962284030696297}, "entities": [], "message_id": "ad236d6e2f024ed9a1252d2f223f2359", "metadata": {"id": "ad236d6e2f024ed9a1252d2f223f2359", "caller": "13900000001", "channel": "terminal", "dialled": "", "diverting": "", "alternatives": []}}, "input_channel": "terminal", "message_id": "ad236d6e2f024ed9a1252d2f223f2359"}, {"event": "user_featurization", "timestamp": 1795908638.6969745, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "use_text_for_featurization": false}, {"event": "action", "timestamp": 1795908638.6969984, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "report_form", "policy": "RulePolicy", "confidence": 1.0, "action_text": null, "hide_rule_turn": true}, {"event": "slot", "timestamp": 1795908638.6970532, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "confirmed", "value": "yes"}, {"event": "slot", "timestamp": 1795908638.6970596, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "misheard", "value": 0}, {"event": "slot", "timestamp": 1795908638.6970627, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "requested_slot", "value": null}, {"event": "slot", "timestamp": 1795908638.697065, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "requested_slot", "value": null}, {"event": "active_loop", "timestamp": 1795908638.6970665, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": null}, {"event": "action", "timestamp": 1795908638.7497668, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_submit_report", "policy": "RulePolicy", "confidence": 1.0, "action_text": null, "hide_rule_turn": true}, {"event": "bot", "timestamp": 1795908638.749887, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "text": null, "data": {"elements": null, "quick_replies": null, "buttons": null, "attachment": null, "image": null, "custom": {"ticket_no": "GD2611290002"}}}, {"event": "bot", "timestamp": 1795908638.7498915, "metadata": {"utter_action": "utter_logged", "template": "utter_logged", "manager": "程师傅", "phone": "13700001011", "model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "text": "记下了,归程师傅管。他的电话是13700001011。再念一遍,13700001011。他会联系您,您莫急。", "data": {"elements": null, "quick_replies": null, "buttons": null, "attachment": null, "image": null, "custom": null}}, {"event": "slot", "timestamp": 1795908638.7498937, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "ticket_no", "value": "GD2611290002"}, {"event": "slot", "timestamp": 1795908638.7498984, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "kind", "value": null}, {"event": "slot", "timestamp": 1795908638.7499008, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "said", "value": null}, {"event": "slot", "timestamp": 1795908638.7499025, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "utterance_id", "value": null}, {"event": "slot", "timestamp": 1795908638.7499042, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "place", "value": null}, {"event": "slot", "timestamp": 1795908638.7499056, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "household_no", "value": null}, {"event": "slot", "timestamp": 1795908638.7499073, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "grid_no", "value": null}, {"event": "slot", "timestamp": 1795908638.7499087, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "confirmed", "value": null}, {"event": "slot", "timestamp": 1795908638.74991, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "readback", "value": null}, {"event": "slot", "timestamp": 1795908638.7499113, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "misheard", "value": null}, {"event": "action", "timestamp": 1795908638.759153, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_listen", "policy": "RulePolicy", "confidence": 1.0, "action_text": null, "hide_rule_turn": true}]','{}','2026-11-28 23:30:38.759343');
INSERT INTO "dialogue_state" VALUES('say-13900000002','13900000002','[{"event": "slot", "timestamp": 1795908674.319541, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "session_started_metadata", "value": {"id": "ba81865d286443c59c8ce7e416618b13", "caller": "13900000002", "channel": "terminal", "dialled": "", "diverting": "", "alternatives": []}}, {"event": "action", "timestamp": 1795908674.3223124, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_session_start", "policy": null, "confidence": 1.0, "action_text": null, "hide_rule_turn": false}, {"event": "session_started", "timestamp": 1795908674.3223696, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}}, {"event": "action", "timestamp": 1795908674.3223925, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_listen", "policy": null, "confidence": null, "action_text": null, "hide_rule_turn": false}, {"event": "user", "timestamp": 1795908674.334823, "metadata": {"id": "ba81865d286443c59c8ce7e416618b13", "caller": "13900000002", "channel": "terminal", "dialled": "", "diverting": "", "alternatives": [], "model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "text": "电线断了掉在路上,还在冒火", "parse_data": {"text": "电线断了掉在路上,还在冒火", "intent": {"name": "report_hazard", "confidence": 0.999986034755672}, "entities": [], "message_id": "ba81865d286443c59c8ce7e416618b13", "metadata": {"id": "ba81865d286443c59c8ce7e416618b13", "caller": "13900000002", "channel": "terminal", "dialled": "", "diverting": "", "alternatives": []}}, "input_channel": "terminal", "message_id": "ba81865d286443c59c8ce7e416618b13"}, {"event": "user_featurization", "timestamp": 1795908674.4236865, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "use_text_for_featurization": false}, {"event": "action", "timestamp": 1795908674.4237099, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_hazard", "policy": "RulePolicy", "confidence": 1.0, "action_text": null, "hide_rule_turn": true}, {"event": "bot", "timestamp": 1795908674.4237874, "metadata": {"utter_action": "utter_hazard_fire", "template": "utter_hazard_fire", "model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "text": "人先出去,莫用水泼,到外面打119。我已经在叫人。", "data": {"elements": null, "quick_replies": null, "buttons": null, "attachment": null, "image": null, "custom": null}}, {"event": "bot", "timestamp": 1795908674.4237928, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "text": null, "data": {"elements": null, "quick_replies": null, "buttons": null, "attachment": null, "image": null, "custom": {"ticket_no": "GD2611290003"}}}, {"event": "slot", "timestamp": 1795908674.4237943, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "kind", "value": "hazard"}, {"event": "slot", "timestamp": 1795908674.423801, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "said", "value": "电线断了掉在路上,还在冒火"}, {"event": "slot", "timestamp": 1795908674.423803, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "ticket_no", "value": "GD2611290003"}, {"event": "followup", "timestamp": 1795908674.4238052, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "report_form"}, {"event": "action", "timestamp": 1795908674.435739, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "report_form", "policy": "followup_action", "confidence": 1.0, "action_text": null, "hide_rule_turn": false}, {"event": "active_loop", "timestamp": 1795908674.4358022, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "report_form"}, {"event": "slot", "timestamp": 1795908674.435808, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "place_ask", "value": "hazard"}, {"event": "slot", "timestamp": 1795908674.4358127, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "requested_slot", "value": "place"}, {"event": "bot", "timestamp": 1795908674.4358146, "metadata": {"condition": [{"type": "slot", "name": "place_ask", "value": "hazard"}], "utter_action": "utter_ask_report_form_place", "model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "text": "莫急,在哪里?讲个路名、村名,或者附近有么东西。", "data": {"elements": null, "quick_replies": null, "buttons": null, "attachment": null, "image": null, "custom": null}}, {"event": "action", "timestamp": 1795908674.4361722, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_listen", "policy": "RulePolicy", "confidence": 1.0, "action_text": null, "hide_rule_turn": true}]','{"kind": "hazard", "said": "\u7535\u7ebf\u65ad\u4e86\u6389\u5728\u8def\u4e0a,\u8fd8\u5728\u5192\u706b", "ticket_no": "GD2611290003", "channel": "terminal"}','2026-11-28 23:31:14.436216');
INSERT INTO "dialogue_state" VALUES('say-13900000003','13900000003','[{"event": "slot", "timestamp": 1795908720.699189, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "session_started_metadata", "value": {"id": "916baa87e6dc4ef8964c710492780d02", "caller": "13900000003", "channel": "terminal", "dialled": "", "diverting": "", "alternatives": []}}, {"event": "action", "timestamp": 1795908720.6994176, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_session_start", "policy": null, "confidence": 1.0, "action_text": null, "hide_rule_turn": false}, {"event": "session_started", "timestamp": 1795908720.6994672, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}}, {"event": "action", "timestamp": 1795908720.6994867, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_listen", "policy": null, "confidence": null, "action_text": null, "hide_rule_turn": false}, {"event": "user", "timestamp": 1795908720.711397, "metadata": {"id": "916baa87e6dc4ef8964c710492780d02", "caller": "13900000003", "channel": "terminal", "dialled": "", "diverting": "", "alternatives": [], "model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "text": "电费怎么这么贵", "parse_data": {"text": "电费怎么这么贵", "intent": {"name": "ask_tiered_pricing", "confidence": 0.9806412455452086}, "entities": [], "message_id": "916baa87e6dc4ef8964c710492780d02", "metadata": {"id": "916baa87e6dc4ef8964c710492780d02", "caller": "13900000003", "channel": "terminal", "dialled": "", "diverting": "", "alternatives": []}}, "input_channel": "terminal", "message_id": "916baa87e6dc4ef8964c710492780d02"}, {"event": "user_featurization", "timestamp": 1795908720.7256699, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "use_text_for_featurization": false}, {"event": "action", "timestamp": 1795908720.7257, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_price", "policy": "RulePolicy", "confidence": 1.0, "action_text": null, "hide_rule_turn": true}, {"event": "bot", "timestamp": 1795908720.725731, "metadata": {"utter_action": "utter_price_table", "template": "utter_price_table", "first_kwh": "二千一百六十", "second_kwh": "四千八百", "first_price": "五角五分八", "second_price": "六角零八厘", "third_price": "八角五分八", "model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "text": "居民电价分三档。一年用到二千一百六十度,每度五角五分八;二千一百六十到四千八百度,每度六角零八厘;再往上,每度八角五分八。店铺另有价钱。", "data": {"elements": null, "quick_replies": null, "buttons": null, "attachment": null, "image": null, "custom": null}}, {"event": "action", "timestamp": 1795908720.7348938, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_listen", "policy": "RulePolicy", "confidence": 1.0, "action_text": null, "hide_rule_turn": true}]','{}','2026-11-28 23:32:00.734951');
INSERT INTO "dialogue_state" VALUES('say-13900000004','13900000004','[{"event": "slot", "timestamp": 1795909053.8165126, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "session_started_metadata", "value": {"id": "f4342f2478cf4f47a2377805e1e6c77b", "caller": "13900000004", "channel": "terminal", "dialled": "", "diverting": "", "alternatives": []}}, {"event": "action", "timestamp": 1795909053.816671, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_session_start", "policy": null, "confidence": 1.0, "action_text": null, "hide_rule_turn": false}, {"event": "session_started", "timestamp": 1795909053.8167176, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}}, {"event": "action", "timestamp": 1795909053.8167317, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_listen", "policy": null, "confidence": null, "action_text": null, "hide_rule_turn": false}, {"event": "user", "timestamp": 1795909053.8229985, "metadata": {"id": "f4342f2478cf4f47a2377805e1e6c77b", "caller": "13900000004", "channel": "terminal", "dialled": "", "diverting": "", "alternatives": [], "model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "text": "屋里冇得电", "parse_data": {"text": "屋里冇得电", "intent": {"name": "report_outage", "confidence": 0.9893465564591863}, "entities": [], "message_id": "f4342f2478cf4f47a2377805e1e6c77b", "metadata": {"id": "f4342f2478cf4f47a2377805e1e6c77b", "caller": "13900000004", "channel": "terminal", "dialled": "", "diverting": "", "alternatives": []}}, "input_channel": "terminal", "message_id": "f4342f2478cf4f47a2377805e1e6c77b"}, {"event": "user_featurization", "timestamp": 1795909053.8468995, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "use_text_for_featurization": false}, {"event": "action", "timestamp": 1795909053.8469214, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_open_report", "policy": "RulePolicy", "confidence": 1.0, "action_text": null, "hide_rule_turn": true}, {"event": "slot", "timestamp": 1795909053.8469598, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "kind", "value": "outage"}, {"event": "slot", "timestamp": 1795909053.8469682, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "said", "value": "屋里冇得电"}, {"event": "slot", "timestamp": 1795909053.8469703, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "utterance_id", "value": "f4342f2478cf4f47a2377805e1e6c77b"}, {"event": "action", "timestamp": 1795909053.8518186, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "report_form", "policy": "RulePolicy", "confidence": 1.0, "action_text": null, "hide_rule_turn": true}, {"event": "active_loop", "timestamp": 1795909053.8518727, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "report_form"}, {"event": "slot", "timestamp": 1795909053.8518765, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "place_ask", "value": "place"}, {"event": "slot", "timestamp": 1795909053.8518791, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "requested_slot", "value": "place"}, {"event": "bot", "timestamp": 1795909053.8518806, "metadata": {"condition": [{"type": "slot", "name": "place_ask", "value": "place"}], "utter_action": "utter_ask_report_form_place", "model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "text": "您屋里在哪里?哪个社区、哪条路、门牌几多号?", "data": {"elements": null, "quick_replies": null, "buttons": null, "attachment": null, "image": null, "custom": null}}, {"event": "action", "timestamp": 1795909053.8521187, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_listen", "policy": "RulePolicy", "confidence": 1.0, "action_text": null, "hide_rule_turn": true}]','{"kind": "outage", "said": "\u5c4b\u91cc\u5187\u5f97\u7535", "utterance_id": "f4342f2478cf4f47a2377805e1e6c77b", "channel": "terminal"}','2026-11-28 23:37:33.852153');
INSERT INTO "dialogue_state" VALUES('say-13900000005','13900000005','[{"event": "slot", "timestamp": 1795909074.5519204, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "session_started_metadata", "value": {"id": "49693e47472944788ee759599124436f", "caller": "13900000005", "channel": "terminal", "dialled": "", "diverting": "", "alternatives": []}}, {"event": "action", "timestamp": 1795909074.552151, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_session_start", "policy": null, "confidence": 1.0, "action_text": null, "hide_rule_turn": false}, {"event": "session_started", "timestamp": 1795909074.5521994, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}}, {"event": "action", "timestamp": 1795909074.5522175, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_listen", "policy": null, "confidence": null, "action_text": null, "hide_rule_turn": false}, {"event": "user", "timestamp": 1795909074.5557318, "metadata": {"id": "49693e47472944788ee759599124436f", "caller": "13900000005", "channel": "terminal", "dialled": "", "diverting": "", "alternatives": [], "model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "text": "我要报个事", "parse_data": {"text": "我要报个事", "intent": {"name": "ask_ticket_status", "confidence": 0.3795551258936366}, "entities": [], "message_id": "49693e47472944788ee759599124436f", "metadata": {"id": "49693e47472944788ee759599124436f", "caller": "13900000005", "channel": "terminal", "dialled": "", "diverting": "", "alternatives": []}}, "input_channel": "terminal", "message_id": "49693e47472944788ee759599124436f"}, {"event": "user_featurization", "timestamp": 1795909074.573397, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "use_text_for_featurization": false}, {"event": "action", "timestamp": 1795909074.5734246, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_status", "policy": "RulePolicy", "confidence": 1.0, "action_text": null, "hide_rule_turn": true}, {"event": "bot", "timestamp": 1795909074.573453, "metadata": {"utter_action": "utter_status_none", "template": "utter_status_none", "model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "text": "我这里没查到您先前讲的事。您是用别的电话打的吗?有什么事,再跟我讲一遍。", "data": {"elements": null, "quick_replies": null, "buttons": null, "attachment": null, "image": null, "custom": null}}, {"event": "action", "timestamp": 1795909074.575284, "metadata": {"model_id": "7c2d1fb6fd5849dbb1c1a7a6cc117a8e", "assistant_id": "gege"}, "name": "action_listen", "policy": "RulePolicy", "confidence": 1.0, "action_text": null, "hide_rule_turn": true}]','{}','2026-11-28 23:37:54.575343');
CREATE TABLE feeder (
	id INTEGER NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "feeder" VALUES(1,'桃溪1线');
INSERT INTO "feeder" VALUES(2,'白泉1线');
INSERT INTO "feeder" VALUES(3,'凤凰1线');
INSERT INTO "feeder" VALUES(4,'东关1线');
INSERT INTO "feeder" VALUES(5,'南门1线');
INSERT INTO "feeder" VALUES(6,'河滨1线');
INSERT INTO "feeder" VALUES(7,'青山1线');
INSERT INTO "feeder" VALUES(8,'新桥1线');
CREATE TABLE grid (
	grid_no VARCHAR(40) NOT NULL, 
	phone VARCHAR(40), 
	PRIMARY KEY (grid_no)
);
INSERT INTO "grid" VALUES('11','07150000011');
INSERT INTO "grid" VALUES('12','07150000012');
INSERT INTO "grid" VALUES('13','07150000013');
INSERT INTO "grid" VALUES('14','07150000014');
INSERT INTO "grid" VALUES('15','07150000015');
INSERT INTO "grid" VALUES('16','07150000016');
INSERT INTO "grid" VALUES('17','07150000017');
INSERT INTO "grid" VALUES('18','07150000018');
INSERT INTO "grid" VALUES('19','07150000019');
INSERT INTO "grid" VALUES('20','07150000020');
INSERT INTO "grid" VALUES('21','07150000021');
INSERT INTO "grid" VALUES('22','07150000022');
INSERT INTO "grid" VALUES('23','07150000023');
INSERT INTO "grid" VALUES('24','07150000024');
INSERT INTO "grid" VALUES('25','07150000025');
INSERT INTO "grid" VALUES('26','07150000026');
CREATE TABLE grid_staff (
	grid_no VARCHAR(40) NOT NULL, 
	staff_no VARCHAR(40) NOT NULL, 
	PRIMARY KEY (grid_no, staff_no), 
	FOREIGN KEY(grid_no) REFERENCES grid (grid_no), 
	FOREIGN KEY(staff_no) REFERENCES staff (staff_no)
);
INSERT INTO "grid_staff" VALUES('11','M11');
INSERT INTO "grid_staff" VALUES('11','A11');
INSERT INTO "grid_staff" VALUES('11','S11');
INSERT INTO "grid_staff" VALUES('12','M12');
INSERT INTO "grid_staff" VALUES('12','A12');
INSERT INTO "grid_staff" VALUES('12','S12');
INSERT INTO "grid_staff" VALUES('13','M13');
INSERT INTO "grid_staff" VALUES('13','A13');
INSERT INTO "grid_staff" VALUES('13','S13');
INSERT INTO "grid_staff" VALUES('14','M14');
INSERT INTO "grid_staff" VALUES('14','A14');
INSERT INTO "grid_staff" VALUES('14','S14');
INSERT INTO "grid_staff" VALUES('15','M15');
INSERT INTO "grid_staff" VALUES('15','A15');
INSERT INTO "grid_staff" VALUES('15','S15');
INSERT INTO "grid_staff" VALUES('16','M16');
INSERT INTO "grid_staff" VALUES('16','A16');
INSERT INTO "grid_staff" VALUES('16','S16');
INSERT INTO "grid_staff" VALUES('17','M17');
INSERT INTO "grid_staff" VALUES('17','A17');
INSERT INTO "grid_staff" VALUES('17','S17');
INSERT INTO "grid_staff" VALUES('18','M18');
INSERT INTO "grid_staff" VALUES('18','A18');
INSERT INTO "grid_staff" VALUES('18','S18');
INSERT INTO "grid_staff" VALUES('19','M19');
INSERT INTO "grid_staff" VALUES('19','A19');
INSERT INTO "grid_staff" VALUES('19','S19');
INSERT INTO "grid_staff" VALUES('20','M20');
INSERT INTO "grid_staff" VALUES('20','A20');
INSERT INTO "grid_staff" VALUES('20','S20');
INSERT INTO "grid_staff" VALUES('21','M21');
INSERT INTO "grid_staff" VALUES('21','A21');
INSERT INTO "grid_staff" VALUES('21','S21');
INSERT INTO "grid_staff" VALUES('22','M22');
INSERT INTO "grid_staff" VALUES('22','A22');
INSERT INTO "grid_staff" VALUES('22','S22');
INSERT INTO "grid_staff" VALUES('23','M23');
INSERT INTO "grid_staff" VALUES('23','A23');
INSERT INTO "grid_staff" VALUES('23','S23');
INSERT INTO "grid_staff" VALUES('24','M24');
INSERT INTO "grid_staff" VALUES('24','A24');
INSERT INTO "grid_staff" VALUES('24','S24');
INSERT INTO "grid_staff" VALUES('25','M25');
INSERT INTO "grid_staff" VALUES('25','A25');
INSERT INTO "grid_staff" VALUES('25','S25');
INSERT INTO "grid_staff" VALUES('26','M26');
INSERT INTO "grid_staff" VALUES('26','A26');
INSERT INTO "grid_staff" VALUES('26','S26');
INSERT INTO "grid_staff" VALUES('11','C1');
INSERT INTO "grid_staff" VALUES('12','C1');
INSERT INTO "grid_staff" VALUES('13','C1');
INSERT INTO "grid_staff" VALUES('14','C1');
INSERT INTO "grid_staff" VALUES('15','C1');
INSERT INTO "grid_staff" VALUES('16','C1');
INSERT INTO "grid_staff" VALUES('17','C1');
INSERT INTO "grid_staff" VALUES('18','C1');
INSERT INTO "grid_staff" VALUES('19','C1');
INSERT INTO "grid_staff" VALUES('20','C1');
INSERT INTO "grid_staff" VALUES('21','C1');
INSERT INTO "grid_staff" VALUES('22','C1');
INSERT INTO "grid_staff" VALUES('23','C1');
INSERT INTO "grid_staff" VALUES('24','C1');
INSERT INTO "grid_staff" VALUES('25','C1');
INSERT INTO "grid_staff" VALUES('26','C1');
CREATE TABLE household (
	household_no VARCHAR(40) NOT NULL, 
	householder VARCHAR(80) NOT NULL, 
	community_id INTEGER NOT NULL, 
	compound VARCHAR(120) NOT NULL, 
	address VARCHAR(200) NOT NULL, 
	transformer_id INTEGER NOT NULL, 
	grid_no VARCHAR(40) NOT NULL, 
	tags JSON NOT NULL, 
	balance NUMERIC(12, 2) NOT NULL, 
	months_owed INTEGER NOT NULL, 
	ytd_kwh INTEGER NOT NULL, 
	PRIMARY KEY (household_no), 
	FOREIGN KEY(community_id) REFERENCES community (id), 
	FOREIGN KEY(grid_no) REFERENCES grid (grid_no), 
	FOREIGN KEY(transformer_id) REFERENCES transformer (id)
);
INSERT INTO "household" VALUES('4211000007','张莲家',1,'','桃溪路1号',1,'11','[]',243.85,0,1026);
INSERT INTO "household" VALUES('4211000011','乔秀来',1,'','桃溪路2号',1,'11','[]',-228,3,4830);
INSERT INTO "household" VALUES('4211000018','方清',1,'','桃溪路3号',1,'11','[]',191.09,0,3633);
INSERT INTO "household" VALUES('4211000019','周正梅',1,'','桃溪路4号',1,'11','[]',92.72,0,2394);
INSERT INTO "household" VALUES('4211000022','曹飞毛',1,'','桃溪路5号',1,'11','[]',163.53,0,4783);
INSERT INTO "household" VALUES('4211000027','孔小翠',1,'','桃溪路6号',1,'11','[]',202.4,0,2613);
INSERT INTO "household" VALUES('4211000049','许香',1,'','沿河路3号',1,'11','[]',129.78,0,1919);
INSERT INTO "household" VALUES('4211000509','周兰庆',1,'','桃溪路9号',2,'12','[]',101.35,0,698);
INSERT INTO "household" VALUES('4211000515','毛德',1,'','桃溪路10号',2,'12','[]',10.91,0,1669);
INSERT INTO "household" VALUES('4211000517','邹英大',1,'','桃溪路11号',2,'12','[]',271.56,0,543);
INSERT INTO "household" VALUES('4211000518','祝朝家',1,'','桃溪路12号',2,'12','["vulnerable"]',136.99,0,4110);
INSERT INTO "household" VALUES('4211000520','饶福望',1,'','桃溪路13号',2,'12','[]',196.26,0,2875);
INSERT INTO "household" VALUES('4211000528','徐云晓',1,'','桃溪路14号',2,'12','["vulnerable"]',270.35,0,4872);
INSERT INTO "household" VALUES('4211000983','郑勤翠',2,'','白泉街1号',3,'13','[]',218.41,0,515);
INSERT INTO "household" VALUES('4211000991','焦昌',2,'','白泉街2号',3,'13','[]',45.55,0,4643);
INSERT INTO "household" VALUES('4211000993','安义',2,'','白泉街3号',3,'13','[]',155.45,0,1484);
INSERT INTO "household" VALUES('4211000998','俞来诚',2,'','白泉街4号',3,'13','[]',9.85,0,200);
INSERT INTO "household" VALUES('4211001000','焦强进',2,'','白泉街5号',3,'13','[]',263.58,0,4916);
INSERT INTO "household" VALUES('4211001009','梅胜翠',2,'','白泉街6号',3,'13','[]',48.58,0,1277);
INSERT INTO "household" VALUES('4211001537','颜顺月',2,'','白泉街9号',4,'14','[]',264.54,0,1900);
INSERT INTO "household" VALUES('4211001540','吴莲勤',2,'','白泉街10号',4,'14','[]',123.13,0,3202);
INSERT INTO "household" VALUES('4211001541','刘英梅',2,'','白泉街11号',4,'14','[]',278.71,0,2805);
INSERT INTO "household" VALUES('4211001548','聂萍望',2,'','白泉街12号',4,'14','[]',147.38,0,626);
INSERT INTO "household" VALUES('4211001557','翟爱光',2,'','白泉街13号',4,'14','[]',193.02,0,1149);
INSERT INTO "household" VALUES('4211001566','梅国爱',2,'','白泉街14号',4,'14','[]',259.03,0,1909);
INSERT INTO "household" VALUES('4211002030','甘细雨',3,'','凤凰大道1号',5,'15','["vulnerable"]',7.65,0,2417);
INSERT INTO "household" VALUES('4211002039','段秀卫',3,'','凤凰大道2号',5,'15','[]',79.33,0,2091);
INSERT INTO "household" VALUES('4211002048','童利秀',3,'','凤凰大道3号',5,'15','[]',218.39,0,2519);
INSERT INTO "household" VALUES('4211002055','夏华兴',3,'','凤凰大道4号',5,'15','[]',167.58,0,3454);
INSERT INTO "household" VALUES('4211002057','徐晓辉',3,'','凤凰大道5号',5,'15','[]',148.09,0,471);
INSERT INTO "household" VALUES('4211002060','路家腊',3,'','凤凰大道6号',5,'15','["shop"]',135.48,0,4826);
INSERT INTO "household" VALUES('4211002530','刘强',3,'','凤凰大道9号',6,'16','[]',133.71,0,5015);
INSERT INTO "household" VALUES('4211002537','邵荣莲',3,'','凤凰大道10号',6,'16','[]',271.04,0,1821);
INSERT INTO "household" VALUES('4211002542','安莲国',3,'','凤凰大道11号',6,'16','[]',230.02,0,1055);
INSERT INTO "household" VALUES('4211002546','吴月',3,'','凤凰大道12号',6,'16','[]',139.32,0,2796);
INSERT INTO "household" VALUES('4211002552','庞朝军',3,'','凤凰大道13号',6,'16','[]',134.82,0,622);
INSERT INTO "household" VALUES('4211002559','管梅荣',3,'','凤凰大道14号',6,'16','[]',79.51,0,4932);
INSERT INTO "household" VALUES('4211003034','章子玉',4,'','东关街1号',7,'17','[]',59.4,0,3813);
INSERT INTO "household" VALUES('4211003037','管进勤',4,'','东关街2号',7,'17','[]',41.08,0,3357);
INSERT INTO "household" VALUES('4211003045','苗辉进',4,'','东关街3号',7,'17','["large"]',29.79,0,210);
INSERT INTO "household" VALUES('4211003051','饶清',4,'','东关街4号',7,'17','[]',274.19,0,776);
INSERT INTO "household" VALUES('4211003060','杨克',4,'','东关街5号',7,'17','[]',29.95,0,1374);
INSERT INTO "household" VALUES('4211003067','陈家生',4,'','东关街6号',7,'17','[]',-387.44,4,5064);
INSERT INTO "household" VALUES('4211003537','吕进丽',4,'','东关街9号',8,'18','[]',202.27,0,5077);
INSERT INTO "household" VALUES('4211003544','杨先兴',4,'','东关街10号',8,'18','[]',194.64,0,1089);
INSERT INTO "household" VALUES('4211003553','庞海莲',4,'','东关街11号',8,'18','[]',-609.13,6,2334);
INSERT INTO "household" VALUES('4211003559','程水飞',4,'','东关街12号',8,'18','[]',102.64,0,1204);
INSERT INTO "household" VALUES('4211003565','吴国东',4,'','东关街13号',8,'18','[]',38.75,0,3007);
INSERT INTO "household" VALUES('4211003566','莫昌民',4,'','东关街14号',8,'18','[]',48.33,0,4636);
INSERT INTO "household" VALUES('4211004030','李秀珍',5,'','南门街7号',9,'19','[]',56.65,0,2871);
INSERT INTO "household" VALUES('4211004039','饶菊娟',5,'','南门街8号',9,'19','[]',101.54,0,2254);
INSERT INTO "household" VALUES('4211004046','钟先正',5,'','南门街9号',9,'19','[]',1.7,0,3393);
INSERT INTO "household" VALUES('4211004053','刘勤',5,'','南门街10号',9,'19','[]',192.13,0,2025);
INSERT INTO "household" VALUES('4211004057','高平云',5,'','南门街11号',9,'19','[]',225.14,0,1857);
INSERT INTO "household" VALUES('4211004065','齐琴进',5,'','南门街12号',9,'19','[]',153.18,0,2046);
INSERT INTO "household" VALUES('4211004502','万斌小',5,'','南门街15号',10,'20','[]',25.79,0,4055);
INSERT INTO "household" VALUES('4211004505','刘金雨',5,'','南门街16号',10,'20','["shop"]',107.62,0,3573);
INSERT INTO "household" VALUES('4211004511','鲁鹏佩',5,'','南门街17号',10,'20','[]',134.39,0,4970);
INSERT INTO "household" VALUES('4211004517','毕平东',5,'','南门街18号',10,'20','[]',34.67,0,789);
INSERT INTO "household" VALUES('4211004518','李翠桂',5,'','南门街19号',10,'20','[]',221.58,0,3769);
INSERT INTO "household" VALUES('4211004527','吴军贵',5,'','南门街20号',10,'20','[]',176.4,0,3404);
INSERT INTO "household" VALUES('4211004983','关爱',6,'','河滨路7号',11,'21','["vulnerable"]',136.1,0,2063);
INSERT INTO "household" VALUES('4211004987','韦兰',6,'','河滨路8号',11,'21','[]',174.01,0,4355);
INSERT INTO "household" VALUES('4211004991','尚英建',6,'','河滨路9号',11,'21','["vulnerable"]',260.42,0,3460);
INSERT INTO "household" VALUES('4211004994','吴花新',6,'','河滨路10号',11,'21','["shop"]',169.11,0,5183);
INSERT INTO "household" VALUES('4211005002','程琴',6,'','河滨路11号',11,'21','[]',7.24,0,3885);
INSERT INTO "household" VALUES('4211005009','张晓细',6,'','河滨路12号',11,'21','["vulnerable"]',22.47,0,1771);
INSERT INTO "household" VALUES('4211005478','谷旺贵',6,'','河滨路15号',12,'22','[]',71.25,0,2373);
INSERT INTO "household" VALUES('4211005487','杨望卫',6,'','河滨路16号',12,'22','[]',65.69,0,1660);
INSERT INTO "household" VALUES('4211005496','马跃正',6,'','河滨路17号',12,'22','[]',8.37,0,3104);
INSERT INTO "household" VALUES('4211005497','黄兰建',6,'','河滨路18号',12,'22','[]',-599.24,5,972);
INSERT INTO "household" VALUES('4211005502','庞发',6,'','河滨路19号',12,'22','[]',223.34,0,4540);
INSERT INTO "household" VALUES('4211005506','覃辉大',6,'','河滨路20号',12,'22','[]',165.26,0,3582);
INSERT INTO "household" VALUES('4211005554','甘腊家',6,'','沿河路22号',12,'22','[]',179.33,0,3286);
INSERT INTO "household" VALUES('4211005982','游文涵',7,'','青山大道7号',13,'23','[]',86.65,0,2784);
INSERT INTO "household" VALUES('4211005986','黎长立',7,'','青山大道8号',13,'23','[]',240.11,0,2408);
INSERT INTO "household" VALUES('4211005995','甘玉凤',7,'','青山大道9号',13,'23','[]',-91.03,3,4327);
INSERT INTO "household" VALUES('4211006001','熊梅',7,'','青山大道10号',13,'23','[]',261.68,0,5186);
INSERT INTO "household" VALUES('4211006009','杨兰秀',7,'','青山大道11号',13,'23','[]',45.1,0,1614);
INSERT INTO "household" VALUES('4211006013','甘珍义',7,'','青山大道12号',13,'23','[]',233.22,0,2086);
INSERT INTO "household" VALUES('4211006531','张文国',7,'','青山大道15号',14,'24','[]',191.46,0,2912);
INSERT INTO "household" VALUES('4211006534','周斌花',7,'','青山大道16号',14,'24','["shop"]',175.88,0,4030);
INSERT INTO "household" VALUES('4211006543','倪德朝',7,'','青山大道17号',14,'24','[]',236.34,0,4480);
INSERT INTO "household" VALUES('4211006546','兰福琴',7,'','青山大道18号',14,'24','[]',204.83,0,3194);
INSERT INTO "household" VALUES('4211006555','曾凤鹏',7,'','青山大道19号',14,'24','[]',244.07,0,2087);
INSERT INTO "household" VALUES('4211006560','戴华克',7,'','青山大道20号',14,'24','[]',8.79,0,1842);
INSERT INTO "household" VALUES('4211007034','徐克清',8,'','新桥路7号',15,'25','[]',42.57,0,3402);
INSERT INTO "household" VALUES('4211007039','游月梅',8,'','新桥路8号',15,'25','[]',121.67,0,2096);
INSERT INTO "household" VALUES('4211007045','安诗晓',8,'','新桥路9号',15,'25','[]',122.48,0,2865);
INSERT INTO "household" VALUES('4211007047','潘菊',8,'','新桥路10号',15,'25','[]',276.16,0,1007);
INSERT INTO "household" VALUES('4211007056','路梅',8,'','新桥路11号',15,'25','["shop"]',17.93,0,4216);
INSERT INTO "household" VALUES('4211007064','孙强望',8,'','新桥路12号',15,'25','[]',286.91,0,3233);
INSERT INTO "household" VALUES('4211007531','夏义勇',8,'','新桥路15号',16,'26','[]',239.58,0,4677);
INSERT INTO "household" VALUES('4211007538','金勇先',8,'','新桥路16号',16,'26','[]',111.67,0,2585);
INSERT INTO "household" VALUES('4211007542','包子',8,'','新桥路17号',16,'26','[]',46.47,0,3680);
INSERT INTO "household" VALUES('4211007551','鲁莲',8,'','新桥路18号',16,'26','[]',105.48,0,3201);
INSERT INTO "household" VALUES('4211007552','庞国友',8,'','新桥路19号',16,'26','[]',163.06,0,2446);
INSERT INTO "household" VALUES('4211007555','辛华',8,'','新桥路20号',16,'26','[]',241.16,0,4668);
CREATE TABLE household_contact (
	contact_id INTEGER NOT NULL, 
	household_no VARCHAR(40) NOT NULL, 
	verifies BOOLEAN NOT NULL, 
	source VARCHAR(20) NOT NULL, 
	PRIMARY KEY (contact_id, household_no), 
	FOREIGN KEY(contact_id) REFERENCES contact (id), 
	FOREIGN KEY(household_no) REFERENCES household (household_no)
);
INSERT INTO "household_contact" VALUES(1,'4211000007',1,'import');
INSERT INTO "household_contact" VALUES(2,'4211000011',1,'import');
INSERT INTO "household_contact" VALUES(3,'4211000018',1,'import');
INSERT INTO "household_contact" VALUES(4,'4211000019',1,'import');
INSERT INTO "household_contact" VALUES(5,'4211000022',1,'import');
INSERT INTO "household_contact" VALUES(6,'4211000027',1,'import');
INSERT INTO "household_contact" VALUES(11,'4211000049',1,'import');
INSERT INTO "household_contact" VALUES(97,'4211000509',1,'import');
INSERT INTO "household_contact" VALUES(98,'4211000515',1,'import');
INSERT INTO "household_contact" VALUES(99,'4211000520',1,'import');
INSERT INTO "household_contact" VALUES(100,'4211000528',1,'import');
INSERT INTO "household_contact" VALUES(183,'4211000983',1,'import');
INSERT INTO "household_contact" VALUES(184,'4211000991',1,'import');
INSERT INTO "household_contact" VALUES(185,'4211000993',1,'import');
INSERT INTO "household_contact" VALUES(186,'4211000998',1,'import');
INSERT INTO "household_contact" VALUES(187,'4211001000',1,'import');
INSERT INTO "household_contact" VALUES(188,'4211001009',1,'import');
INSERT INTO "household_contact" VALUES(275,'4211001537',1,'import');
INSERT INTO "household_contact" VALUES(276,'4211001540',1,'import');
INSERT INTO "household_contact" VALUES(277,'4211001541',1,'import');
INSERT INTO "household_contact" VALUES(278,'4211001548',1,'import');
INSERT INTO "household_contact" VALUES(279,'4211001557',1,'import');
INSERT INTO "household_contact" VALUES(280,'4211001566',1,'import');
INSERT INTO "household_contact" VALUES(358,'4211002030',1,'import');
INSERT INTO "household_contact" VALUES(359,'4211002039',1,'import');
INSERT INTO "household_contact" VALUES(360,'4211002048',1,'import');
INSERT INTO "household_contact" VALUES(361,'4211002055',1,'import');
INSERT INTO "household_contact" VALUES(362,'4211002057',1,'import');
INSERT INTO "household_contact" VALUES(363,'4211002060',1,'import');
INSERT INTO "household_contact" VALUES(446,'4211002530',1,'import');
INSERT INTO "household_contact" VALUES(447,'4211002537',1,'import');
INSERT INTO "household_contact" VALUES(448,'4211002542',1,'import');
INSERT INTO "household_contact" VALUES(449,'4211002546',1,'import');
INSERT INTO "household_contact" VALUES(450,'4211002552',1,'import');
INSERT INTO "household_contact" VALUES(451,'4211002559',1,'import');
INSERT INTO "household_contact" VALUES(534,'4211003034',1,'import');
INSERT INTO "household_contact" VALUES(535,'4211003045',1,'import');
INSERT INTO "household_contact" VALUES(536,'4211003067',1,'import');
INSERT INTO "household_contact" VALUES(619,'4211003537',1,'import');
INSERT INTO "household_contact" VALUES(620,'4211003544',1,'import');
INSERT INTO "household_contact" VALUES(621,'4211003553',1,'import');
INSERT INTO "household_contact" VALUES(622,'4211003559',1,'import');
INSERT INTO "household_contact" VALUES(623,'4211003565',1,'import');
INSERT INTO "household_contact" VALUES(624,'4211003566',1,'import');
INSERT INTO "household_contact" VALUES(707,'4211004030',1,'import');
INSERT INTO "household_contact" VALUES(708,'4211004039',1,'import');
INSERT INTO "household_contact" VALUES(709,'4211004046',1,'import');
INSERT INTO "household_contact" VALUES(710,'4211004053',1,'import');
INSERT INTO "household_contact" VALUES(711,'4211004065',1,'import');
INSERT INTO "household_contact" VALUES(790,'4211004502',1,'import');
INSERT INTO "household_contact" VALUES(791,'4211004505',1,'import');
INSERT INTO "household_contact" VALUES(792,'4211004511',1,'import');
INSERT INTO "household_contact" VALUES(793,'4211004517',1,'import');
INSERT INTO "household_contact" VALUES(794,'4211004518',1,'import');
INSERT INTO "household_contact" VALUES(795,'4211004527',1,'import');
INSERT INTO "household_contact" VALUES(873,'4211004983',1,'import');
INSERT INTO "household_contact" VALUES(874,'4211004991',1,'import');
INSERT INTO "household_contact" VALUES(875,'4211004994',1,'import');
INSERT INTO "household_contact" VALUES(876,'4211005002',1,'import');
INSERT INTO "household_contact" VALUES(877,'4211005009',1,'import');
INSERT INTO "household_contact" VALUES(958,'4211005478',1,'import');
INSERT INTO "household_contact" VALUES(959,'4211005487',1,'import');
INSERT INTO "household_contact" VALUES(960,'4211005496',1,'import');
INSERT INTO "household_contact" VALUES(961,'4211005497',1,'import');
INSERT INTO "household_contact" VALUES(962,'4211005502',1,'import');
INSERT INTO "household_contact" VALUES(963,'4211005506',1,'import');
INSERT INTO "household_contact" VALUES(972,'4211005554',1,'import');
INSERT INTO "household_contact" VALUES(1047,'4211005982',1,'import');
INSERT INTO "household_contact" VALUES(1048,'4211005986',1,'import');
INSERT INTO "household_contact" VALUES(1049,'4211005995',1,'import');
INSERT INTO "household_contact" VALUES(1050,'4211006009',1,'import');
INSERT INTO "household_contact" VALUES(1051,'4211006013',1,'import');
INSERT INTO "household_contact" VALUES(1134,'4211006531',1,'import');
INSERT INTO "household_contact" VALUES(1135,'4211006543',1,'import');
INSERT INTO "household_contact" VALUES(1136,'4211006555',1,'import');
INSERT INTO "household_contact" VALUES(1137,'4211006560',1,'import');
INSERT INTO "household_contact" VALUES(1222,'4211007039',1,'import');
INSERT INTO "household_contact" VALUES(1223,'4211007045',1,'import');
INSERT INTO "household_contact" VALUES(1224,'4211007047',1,'import');
INSERT INTO "household_contact" VALUES(1303,'4211007531',1,'import');
INSERT INTO "household_contact" VALUES(1304,'4211007538',1,'import');
INSERT INTO "household_contact" VALUES(1305,'4211007542',1,'import');
INSERT INTO "household_contact" VALUES(1306,'4211007551',1,'import');
INSERT INTO "household_contact" VALUES(1307,'4211007552',1,'import');
INSERT INTO "household_contact" VALUES(1308,'4211007555',1,'import');
CREATE TABLE notification (
	id INTEGER NOT NULL, 
	ticket_id INTEGER, 
	staff_no VARCHAR(40) NOT NULL, 
	template VARCHAR(40) NOT NULL, 
	urgent BOOLEAN NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	provider VARCHAR(120) NOT NULL, 
	detail JSON NOT NULL, 
	attempts INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	due_at DATETIME NOT NULL, 
	sent_at DATETIME, 
	error TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(staff_no) REFERENCES staff (staff_no), 
	FOREIGN KEY(ticket_id) REFERENCES ticket (id)
);
INSERT INTO "notification" VALUES(1,1,'M22','reported',0,'sent','file','{}',1,'2026-11-28 23:29:30.020347','2026-11-28 23:29:48.246339','2026-11-28 23:29:33.246339','');
INSERT INTO "notification" VALUES(2,2,'M11','reported',0,'sent','file','{}',1,'2026-11-28 23:30:38.712282','2026-11-28 23:30:53.768197','2026-11-28 23:30:38.768197','');
INSERT INTO "notification" VALUES(3,3,'T1','reported',1,'sent','file','{}',1,'2026-11-28 23:31:14.365245','2026-11-28 23:31:29.451585','2026-11-28 23:31:14.451585','');
INSERT INTO "notification" VALUES(4,3,'D1','reported',1,'sent','file','{}',1,'2026-11-28 23:31:14.365245','2026-11-28 23:31:29.451585','2026-11-28 23:31:14.451585','');
INSERT INTO "notification" VALUES(5,3,'D2','reported',1,'sent','file','{}',1,'2026-11-28 23:31:14.365245','2026-11-28 23:31:29.451585','2026-11-28 23:31:14.451585','');
CREATE TABLE staff (
	staff_no VARCHAR(40) NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	role VARCHAR(20) NOT NULL, 
	phone VARCHAR(40) NOT NULL, 
	telegram_id VARCHAR(40) NOT NULL, 
	wecom VARCHAR(80) NOT NULL, 
	dingtalk VARCHAR(80) NOT NULL, 
	PRIMARY KEY (staff_no)
);
INSERT INTO "staff" VALUES('M11','程志利','manager','13700001011','','','');
INSERT INTO "staff" VALUES('A11','付翠','assistant','13700002011','','','');
INSERT INTO "staff" VALUES('S11','吴忠顺','supervisor','13700003011','','','');
INSERT INTO "staff" VALUES('M12','王克','manager','13700001012','','','');
INSERT INTO "staff" VALUES('A12','路生进','assistant','13700002012','','','');
INSERT INTO "staff" VALUES('S12','温发和','supervisor','13700003012','','','');
INSERT INTO "staff" VALUES('M13','郑国国','manager','13700001013','','','');
INSERT INTO "staff" VALUES('A13','汪国忠','assistant','13700002013','','','');
INSERT INTO "staff" VALUES('S13','程勇月','supervisor','13700003013','','','');
INSERT INTO "staff" VALUES('M14','徐雨','manager','13700001014','','','');
INSERT INTO "staff" VALUES('A14','郝诚辉','assistant','13700002014','','','');
INSERT INTO "staff" VALUES('S14','路雨桂','supervisor','13700003014','','','');
INSERT INTO "staff" VALUES('M15','李毛朝','manager','13700001015','','','');
INSERT INTO "staff" VALUES('A15','侯庆俭','assistant','13700002015','','','');
INSERT INTO "staff" VALUES('S15','徐香娟','supervisor','13700003015','','','');
INSERT INTO "staff" VALUES('M16','夏胜克','manager','13700001016','','','');
INSERT INTO "staff" VALUES('A16','刘友立','assistant','13700002016','','','');
INSERT INTO "staff" VALUES('S16','陈平友','supervisor','13700003016','','','');
INSERT INTO "staff" VALUES('M17','伍东莲','manager','13700001017','','','');
INSERT INTO "staff" VALUES('A17','段先','assistant','13700002017','','','');
INSERT INTO "staff" VALUES('S17','庞旺','supervisor','13700003017','','','');
INSERT INTO "staff" VALUES('M18','陈来文','manager','13700001018','','','');
INSERT INTO "staff" VALUES('A18','李民辉','assistant','13700002018','','','');
INSERT INTO "staff" VALUES('S18','肖金家','supervisor','13700003018','','','');
INSERT INTO "staff" VALUES('M19','黄光','manager','13700001019','','','');
INSERT INTO "staff" VALUES('A19','程翠正','assistant','13700002019','','','');
INSERT INTO "staff" VALUES('S19','甘义俭','supervisor','13700003019','','','');
INSERT INTO "staff" VALUES('M20','刘大克','manager','13700001020','','','');
INSERT INTO "staff" VALUES('A20','饶勤萍','assistant','13700002020','','','');
INSERT INTO "staff" VALUES('S20','吴霞兴','supervisor','13700003020','','','');
INSERT INTO "staff" VALUES('M21','邓正国','manager','13700001021','','','');
INSERT INTO "staff" VALUES('A21','付金','assistant','13700002021','','','');
INSERT INTO "staff" VALUES('S21','田大小','supervisor','13700003021','','','');
INSERT INTO "staff" VALUES('M22','柯安燕','manager','13700001022','','','');
INSERT INTO "staff" VALUES('A22','李跃勤','assistant','13700002022','','','');
INSERT INTO "staff" VALUES('S22','张春','supervisor','13700003022','','','');
INSERT INTO "staff" VALUES('M23','孔军军','manager','13700001023','','','');
INSERT INTO "staff" VALUES('A23','沈安雨','assistant','13700002023','','','');
INSERT INTO "staff" VALUES('S23','朱新民','supervisor','13700003023','','','');
INSERT INTO "staff" VALUES('M24','郝民金','manager','13700001024','','','');
INSERT INTO "staff" VALUES('A24','葛德','assistant','13700002024','','','');
INSERT INTO "staff" VALUES('S24','万光','supervisor','13700003024','','','');
INSERT INTO "staff" VALUES('M25','梁翠利','manager','13700001025','','','');
INSERT INTO "staff" VALUES('A25','董胜','assistant','13700002025','','','');
INSERT INTO "staff" VALUES('S25','靳发光','supervisor','13700003025','','','');
INSERT INTO "staff" VALUES('M26','蓝珍','manager','13700001026','','','');
INSERT INTO "staff" VALUES('A26','陈利兰','assistant','13700002026','','','');
INSERT INTO "staff" VALUES('S26','王金旺','supervisor','13700003026','','','');
INSERT INTO "staff" VALUES('C1','向珍莲','crew','13700004001','','','');
INSERT INTO "staff" VALUES('T1','陶冬海','team','13700005001','','','');
INSERT INTO "staff" VALUES('D1','俞凤','duty','13700006001','','','');
INSERT INTO "staff" VALUES('D2','徐玉','duty','13700006002','','','');
INSERT INTO "staff" VALUES('X1','柳雨义','admin','13700007001','','','');
CREATE TABLE ticket (
	id INTEGER NOT NULL, 
	ticket_no VARCHAR(20) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	urgent BOOLEAN NOT NULL, 
	grid_no VARCHAR(40), 
	household_no VARCHAR(40), 
	reporter VARCHAR(80) NOT NULL, 
	channel VARCHAR(20) NOT NULL, 
	session VARCHAR(80) NOT NULL, 
	place VARCHAR(300) NOT NULL, 
	householder VARCHAR(80) NOT NULL, 
	said TEXT NOT NULL, 
	facts JSON NOT NULL, 
	owner VARCHAR(40), 
	utterance_id VARCHAR(64), 
	opened_at DATETIME NOT NULL, 
	changed_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(grid_no) REFERENCES grid (grid_no), 
	FOREIGN KEY(household_no) REFERENCES household (household_no), 
	FOREIGN KEY(owner) REFERENCES staff (staff_no), 
	FOREIGN KEY(utterance_id) REFERENCES utterance (id), 
	UNIQUE (ticket_no), 
	UNIQUE (utterance_id)
);
INSERT INTO "ticket" VALUES(1,'GD2611290001','outage','acknowledged',0,'22','4211005554','13907150000','phone','30245049-08b8-431f-ba6c-49b3ec7e2e47','沿河路22号','','我屋里停电了','{}','M22','30245049-08b8-431f-ba6c-49b3ec7e2e47-3','2026-11-28 23:29:30.020347','2026-11-28 23:34:14.094825');
INSERT INTO "ticket" VALUES(2,'GD2611290002','outage','resolved',0,'11','4211000049','13900000001','terminal','say-13900000001','沿河路3号','','我屋里停电了,沿河路3号','{}','M11','ad236d6e2f024ed9a1252d2f223f2359','2026-11-28 23:30:38.712282','2026-11-28 23:34:19.729494');
INSERT INTO "ticket" VALUES(3,'GD2611290003','hazard','reported',1,NULL,NULL,'13900000002','terminal','say-13900000002','','','电线断了掉在路上,还在冒火','{}','T1','ba81865d286443c59c8ce7e416618b13','2026-11-28 23:31:14.365245','2026-11-28 23:31:14.365245');
CREATE TABLE ticket_number (
	day VARCHAR(6) NOT NULL, 
	last INTEGER NOT NULL, 
	PRIMARY KEY (day)
);
INSERT INTO "ticket_number" VALUES('261129',3);
CREATE TABLE timer (
	id INTEGER NOT NULL, 
	ticket_id INTEGER NOT NULL, 
	kind VARCHAR(30) NOT NULL, 
	step INTEGER NOT NULL, 
	due_at DATETIME NOT NULL, 
	done_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(ticket_id) REFERENCES ticket (id)
);
INSERT INTO "timer" VALUES(1,1,'unacknowledged',0,'2026-11-28 23:34:30.020347','2026-11-28 23:34:14.094825');
INSERT INTO "timer" VALUES(2,2,'unacknowledged',0,'2026-11-28 23:35:38.712282','2026-11-28 23:34:16.942954');
INSERT INTO "timer" VALUES(3,3,'unacknowledged',0,'2026-11-28 23:32:14.365245',NULL);
CREATE TABLE transformer (
	id INTEGER NOT NULL, 
	name VARCHAR(80) NOT NULL, 
	feeder_id INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(feeder_id) REFERENCES feeder (id), 
	UNIQUE (name, feeder_id)
);
INSERT INTO "transformer" VALUES(1,'桃溪11-01台区',1);
INSERT INTO "transformer" VALUES(2,'桃溪12-01台区',1);
INSERT INTO "transformer" VALUES(3,'白泉13-01台区',2);
INSERT INTO "transformer" VALUES(4,'白泉14-01台区',2);
INSERT INTO "transformer" VALUES(5,'凤凰15-01台区',3);
INSERT INTO "transformer" VALUES(6,'凤凰16-01台区',3);
INSERT INTO "transformer" VALUES(7,'东关17-01台区',4);
INSERT INTO "transformer" VALUES(8,'东关18-01台区',4);
INSERT INTO "transformer" VALUES(9,'南门19-01台区',5);
INSERT INTO "transformer" VALUES(10,'南门20-01台区',5);
INSERT INTO "transformer" VALUES(11,'河滨21-01台区',6);
INSERT INTO "transformer" VALUES(12,'河滨22-01台区',6);
INSERT INTO "transformer" VALUES(13,'青山23-01台区',7);
INSERT INTO "transformer" VALUES(14,'青山24-01台区',7);
INSERT INTO "transformer" VALUES(15,'新桥25-01台区',8);
INSERT INTO "transformer" VALUES(16,'新桥26-01台区',8);
CREATE TABLE utterance (
	id VARCHAR(64) NOT NULL, 
	session VARCHAR(80) NOT NULL, 
	call_id VARCHAR(40), 
	caller VARCHAR(80) NOT NULL, 
	channel VARCHAR(20) NOT NULL, 
	text TEXT NOT NULL, 
	alternatives JSON NOT NULL, 
	recording VARCHAR(200) NOT NULL, 
	heard_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(call_id) REFERENCES call (id)
);
INSERT INTO "utterance" VALUES('30245049-08b8-431f-ba6c-49b3ec7e2e47-1','30245049-08b8-431f-ba6c-49b3ec7e2e47','30245049-08b8-431f-ba6c-49b3ec7e2e47','13907150000','phone','我屋里停电了','["\u6316\u5c4b\u91cc\u505c\u7535\u4e86", "\u522e\u5c4b\u91cc\u505c\u7535\u4e86", "\u6302\u5c4b\u91cc\u505c\u7535\u4e86"]','recordings/30245049-08b8-431f-ba6c-49b3ec7e2e47/turn-01.wav','2026-11-28 23:29:26.349557');
INSERT INTO "utterance" VALUES('30245049-08b8-431f-ba6c-49b3ec7e2e47-2','30245049-08b8-431f-ba6c-49b3ec7e2e47','30245049-08b8-431f-ba6c-49b3ec7e2e47','13907150000','phone','沿河路二十二号','[]','recordings/30245049-08b8-431f-ba6c-49b3ec7e2e47/turn-02.wav','2026-11-28 23:29:28.399080');
INSERT INTO "utterance" VALUES('30245049-08b8-431f-ba6c-49b3ec7e2e47-3','30245049-08b8-431f-ba6c-49b3ec7e2e47','30245049-08b8-431f-ba6c-49b3ec7e2e47','13907150000','phone','对','["\u8d35"]','recordings/30245049-08b8-431f-ba6c-49b3ec7e2e47/turn-03.wav','2026-11-28 23:29:29.918274');
INSERT INTO "utterance" VALUES('600359cfd1d44fdeb97bdc1e362621be','say-13900000001',NULL,'13900000001','terminal','我屋里停电了，沿河路3号','[]','','2026-11-28 23:30:06.157037');
INSERT INTO "utterance" VALUES('ad236d6e2f024ed9a1252d2f223f2359','say-13900000001',NULL,'13900000001','terminal','对','[]','','2026-11-28 23:30:38.652523');
INSERT INTO "utterance" VALUES('ba81865d286443c59c8ce7e416618b13','say-13900000002',NULL,'13900000002','terminal','电线断了掉在路上，还在冒火','[]','','2026-11-28 23:31:14.262446');
INSERT INTO "utterance" VALUES('916baa87e6dc4ef8964c710492780d02','say-13900000003',NULL,'13900000003','terminal','电费怎么这么贵','[]','','2026-11-28 23:32:00.654586');
INSERT INTO "utterance" VALUES('f4342f2478cf4f47a2377805e1e6c77b','say-13900000004',NULL,'13900000004','terminal','屋里冇得电','[]','','2026-11-28 23:37:33.798402');
INSERT INTO "utterance" VALUES('49693e47472944788ee759599124436f','say-13900000005',NULL,'13900000005','terminal','我要报个事','[]','','2026-11-28 23:37:54.530148');
CREATE INDEX ix_contact_address ON contact (address);
CREATE INDEX ix_dialogue_state_changed_at ON dialogue_state (changed_at);
CREATE INDEX ix_grid_phone ON grid (phone);
CREATE INDEX ix_staff_phone ON staff (phone);
CREATE INDEX ix_staff_role ON staff (role);
CREATE INDEX ix_utterance_session ON utterance (session);
CREATE INDEX ix_household_grid ON household (grid_no);
CREATE INDEX ix_household_transformer ON household (transformer_id);
CREATE INDEX ix_household_contact_household_no ON household_contact (household_no);
CREATE INDEX ix_ticket_household ON ticket (household_no);
CREATE INDEX ix_ticket_open ON ticket (state, grid_no);
CREATE INDEX ix_ticket_opened ON ticket (opened_at);
CREATE INDEX ix_ticket_session ON ticket (session);
CREATE INDEX ix_ticket_reporter ON ticket (reporter);
CREATE INDEX ix_activity_ticket_id ON activity (ticket_id);
CREATE INDEX ix_notification_due ON notification (state, due_at);
CREATE INDEX ix_notification_ticket_id ON notification (ticket_id);
CREATE INDEX ix_timer_due ON timer (done_at, due_at);
CREATE INDEX ix_timer_ticket_id ON timer (ticket_id);
COMMIT;
