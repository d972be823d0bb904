// Objects in objects, enums and objects of several kinds, by a client whose types are generated.
// Its argument is the address of the server; it prints what came back, one JSON value a line.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };
const client = createClient<paths>({ baseUrl: process.argv[2]! });

const rome: components["schemas"]["CityCreate"] = { name: "Rome", colour: "RED", code: "0", secret: "s" };
const nest = await client.POST("/nests", { body: { city: rome, cities: [rome], nullable: null } });
const made = await client.GET("/nests/{id}", { params: { path: { id: nest.data!.id } } });
const colour: components["schemas"]["Colour"] | undefined = made.data!.city.colour;
console.log(JSON.stringify([nest.response.status, made.data!.city, made.data!.nullable, colour]));

const drawing = await client.POST("/drawings", {
  body: { main: { is: "circle", radius: 1.5 }, shapes: [{ is: "square-shape", side: 2 }] },
});
const main = drawing.data!.main;
// What an object is of, its discriminator says to the compiler, too.
console.log(JSON.stringify([main.is === "circle" ? main.radius : main.side, drawing.data!.shapes]));

const pet = await client.POST("/pets", {
  body: { kind: "dog", tag: "rex", name: "Rex", barks: true, home: rome },
});
const read = await client.GET("/pets/{tag}", { params: { path: { tag: "rex" } } });
console.log(JSON.stringify([pet.response.status, read.data]));

// What the document forbids does not compile.
export async function refused(): Promise<void> {
  // @ts-expect-error: a circle has no side
  await client.POST("/drawings", { body: { main: { is: "circle", side: 2 }, shapes: [] } });
  // @ts-expect-error: there is no such kind of pet
  await client.POST("/pets", { body: { kind: "cow", tag: "a", name: "a" } });
  // @ts-expect-error: there is no such colour
  await client.POST("/nests", { body: { city: { ...rome, colour: "BLUE" }, cities: [] } });
  // @ts-expect-error: nobody is shown the secret
  console.log(made.data!.city.secret);
}
