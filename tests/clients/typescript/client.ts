// A tweet is created, listed, read, changed and deleted by a client whose types are generated.
// Its argument is the address of the server; it prints what came back, one JSON value a line.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };
const client = createClient<paths>({ baseUrl: process.argv[2]! });

const created = await client.POST("/tweets", { body: { author: "Ada", message: "Hello" } });
const tweet: components["schemas"]["Tweets"] = created.data!;
const path = { id: tweet.id };
console.log(JSON.stringify([created.response.status, tweet]));

const listed = await client.GET("/tweets", { params: { query: { limit: 1, author: "Ada" } } });
console.log(JSON.stringify([listed.data!.meta.total_count, listed.data!.object_list[0]]));

const read = await client.GET("/tweets/{id}", { params: { path } });
console.log(JSON.stringify(read.data));

const replaced = await client.PUT("/tweets/{id}", {
  params: { path },
  body: { author: "Ada", message: "Replaced" },
});
console.log(JSON.stringify(replaced.data));

const patched = await client.PATCH("/tweets/{id}", {
  params: { path },
  headers: { "Content-Type": "application/merge-patch+json" },
  body: { message: "Patched" },
});
console.log(JSON.stringify(patched.data));

const wrong = await client.POST("/tweets", { body: { author: "Ada", message: "" } });
console.log(JSON.stringify([wrong.error!.status, wrong.error!.errors]));

const deleted = await client.DELETE("/tweets/{id}", { params: { path } });
const gone = await client.GET("/tweets/{id}", { params: { path } });
console.log(JSON.stringify([deleted.response.status, gone.error!.status]));

// What the document forbids does not compile.
export async function refused(): Promise<void> {
  // @ts-expect-error: a message is required
  await client.POST("/tweets", { body: { author: "Ada" } });
  // @ts-expect-error: a message is text
  await client.POST("/tweets", { body: { author: "Ada", message: 1 } });
  // @ts-expect-error: there is no such member
  const body: components["schemas"]["TweetsCreate"] = { author: "", message: "", massage: "" };
  await client.POST("/tweets", { body });
  // @ts-expect-error: there is no such parameter
  await client.GET("/tweets", { params: { query: { limt: 1 } } });
  // @ts-expect-error: there is no such address
  await client.GET("/tweet");
  // @ts-expect-error: a list cannot be deleted
  await client.DELETE("/tweets");
}
