// Starts the page: language first, so that no word is ever shown in the wrong one.
import './base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { languageReady } from './lib/i18n.svelte';
import { startRouter } from './router.svelte';
import { session } from './lib/session.svelte';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
startRouter();
void session.refresh();
void languageReady.then(() => mount(App, { target }));
