// The first page: call Gege or write to her, and see how far it is with what was reported from here.

import { Case } from "./case.js";
import { kept } from "./kept.js";
import { Talk } from "./talk.js";

const talk = new Talk({ shown: new Case(), kept });

talk.begin().catch(() => talk.trouble("连不上，请刷新页面再试。"));
