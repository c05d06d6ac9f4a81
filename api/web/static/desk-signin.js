// Signing in, then on to the page that was asked for.

import { sending } from "./desk-dialogs.js";
import { me, signIn } from "./desk-service.js";

const $ = (id) => document.getElementById(id);

/** Returns the page of the desk that was asked for; never an address elsewhere. */
function wanted() {
  const next = new URLSearchParams(location.search).get("next") ?? "";
  return /^\/desk(\/[A-Za-z0-9._:/-]*)?(\?[A-Za-z0-9=&_-]*)?$/.test(next) ? next : "/desk";
}

$("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  sending($("sign-in"), $("problem"), async () => {
    try {
      await signIn($("name").value, $("password").value);
      location.assign(wanted());
    } finally {
      $("password").value = "";
    }
  });
});

const { user } = await me();
if (user) location.replace(wanted());
