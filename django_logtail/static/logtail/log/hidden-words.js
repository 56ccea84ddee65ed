/** Has the store name what is hidden in the language of the page. */

import { words } from '../ui/config.js';
import { NAMES } from './hidden.js';

NAMES.set('token', words.say('hidden.token'));
NAMES.set('cookie', words.say('hidden.cookie'));
NAMES.set('password', words.say('hidden.password'));
NAMES.set('email', words.say('hidden.email'));
NAMES.set('card', words.say('hidden.card'));
NAMES.set('iban', words.say('hidden.iban'));
NAMES.set('ip', words.say('hidden.ip'));
NAMES.set('ip-ending', words.say('hidden.ip-ending'));
NAMES.set('key', words.say('hidden.key'));
NAMES.set('own', words.say('hidden.own'));
NAMES.set('unfinished', words.say('hidden.unfinished'));
