using System.Text.RegularExpressions;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Unmodified web servers and clients in five languages.</summary>
[TestFixture(WireKind.StockSwitch)]
[TestFixture(WireKind.OwnNetwork)]
internal sealed class WebTests(WireKind kind) : WireTest(kind)
{
    [Test]
    public void Two_python_servers_listen_on_port_80_and_curl_fetches_from_both()
    {
        string first = Wire.FreshAddress(), second = Wire.FreshAddress();
        Wire.Write("one/index.html", "I am one");
        Wire.Write("two/index.html", "I am two");
        Wire.ServePython(first, Wire.PathOf("one"));
        Wire.ServePython(second, Wire.PathOf("two"));

        Assert.That(Curl($"http://{first}/"), Is.EqualTo("I am one\n"));
        Assert.That(Curl($"http://{second}/"), Is.EqualTo("I am two\n"));
    }

    [Test]
    public void A_server_sees_the_address_of_its_client()
    {
        string server = Wire.FreshAddress(), client = Wire.FreshAddress();
        RunningProgram python = Wire.ServePython(server, Wire.Folder);

        Curl($"http://{server}/", at: client);

        python.WaitForOutput($"{client} - - ");
    }

    [Test]
    public void A_large_file_arrives_as_it_was()
    {
        string server = Wire.FreshAddress();
        string file = Wire.WriteRandom("site/large", 20_000_000);
        Wire.ServePython(server, Wire.PathOf("site"));

        Wire.RunAt(Wire.FreshAddress(), "curl", "-sS", "--fail", "-o", Wire.PathOf("fetched"), $"http://{server}/large")
            .Succeed();

        Assert.That(Programs.Hash(Wire.PathOf("fetched")), Is.EqualTo(Programs.Hash(file)));
    }

    [Test]
    public void Two_Kestrels_listen_on_port_80_and_HttpClient_fetches_from_both()
    {
        string first = Wire.FreshAddress(), second = Wire.FreshAddress(), client = Wire.FreshAddress();
        Wire.RunAt(first, "dotnet", Repository.WebHost, "serve", "http://0.0.0.0:80");
        Wire.RunAt(second, "dotnet", Repository.WebHost, "serve", "http://*:80"); // [::], for both families
        Wire.WaitUntilListening(first, 80);
        Wire.WaitUntilListening(second, 80);

        foreach (string server in new[] { first, second })
        {
            string answers = Wire.RunAt(client, "dotnet", Repository.WebHost, "fetch", $"http://{server}/").Succeed();
            Assert.That(answers, Is.EqualTo($"{client} to {server}:80\n50 answers, 1 different\n5000000 octets\n"));
        }
    }

    [Test]
    public void Nginx_serves_with_a_master_and_two_workers()
    {
        string server = Wire.FreshAddress(), client = Wire.FreshAddress();
        string file = Wire.WriteRandom("site/file", 5_000_000);
        Wire.ServeNginx(server, Wire.PathOf("site"));

        string addresses = Curl($"http://{server}/who", at: client);
        Wire.RunAt(client, "curl", "-sS", "--fail", "-o", Wire.PathOf("fetched"), $"http://{server}/file").Succeed();

        Assert.That(addresses, Does.StartWith($"{client} to {server}:80 by "));
        Assert.That(Programs.Hash(Wire.PathOf("fetched")), Is.EqualTo(Programs.Hash(file)));
    }

    [Test]
    public void Both_nginx_workers_take_connections()
    {
        string server = Wire.FreshAddress();
        Wire.ServeNginx(server, Wire.Folder);

        // Which worker accepts is the kernel's choice: ask, many at a time, until both have answered.
        string[] urls = [.. Enumerable.Repeat($"http://{server}/who", 100)];
        var workers = new HashSet<string>();
        Eventually.True(
            () =>
            {
                string answers = Wire.RunAt(Wire.FreshAddress(), ["curl", "-sS", "-H", "Connection: close", "-Z", .. urls]).Succeed();
                workers.UnionWith(Regex.Matches(answers, @"by (\d+)").Select(match => match.Groups[1].Value));
                return workers.Count >= 2;
            },
            () => $"answers of two workers, got {string.Join(' ', workers)}");

        Assert.That(workers, Has.Count.EqualTo(2));
    }

    [Test]
    public void A_listener_on_the_IPv6_wildcard_sees_IPv4_clients_as_mapped_addresses()
    {
        string server = Wire.FreshAddress(), client = Wire.FreshAddress();
        Wire.ServeNginx(server, Wire.Folder);

        string answer = Curl($"http://{server}:8080/who", at: client);

        Assert.That(answer, Does.StartWith($"::ffff:{client} to ::ffff:{server}:8080 by "));
    }

    [Test]
    public void Node_serves_and_fetches()
    {
        string server = Wire.FreshAddress(), client = Wire.FreshAddress();
        Wire.RunAt(server, "node", "-e", """
            require('http').createServer((request, response) =>
              response.end('hello from node, ' + request.socket.remoteAddress)).listen(80);
            """);
        Wire.WaitUntilListening(server, 80);

        string answer = Wire.RunAt(client, "node", "-e", $$"""
            require('http').get('http://{{server}}/', response => response.pipe(process.stdout));
            """).Succeed();
        string fetched = Wire.RunAt(client, "node", "-e", $$"""
            fetch('http://{{server}}/').then(response => response.text()).then(console.log);
            """).Succeed();

        Assert.That(answer, Is.EqualTo($"hello from node, ::ffff:{client}\n"));
        Assert.That(fetched, Is.EqualTo(answer));
    }

    [Test]
    public void Java_serves_and_fetches()
    {
        string server = Wire.FreshAddress(), client = Wire.FreshAddress();
        Wire.RunAt(server, "java", Repository.Program("HelloServer.java")).WaitForOutput("listening");

        string answer = Wire.RunAt(client, "java", Repository.Program("Fetch.java"), $"http://{server}/").Succeed();

        Assert.That(answer, Does.StartWith($"200 hello from java, {client}\n"));
    }

    [Test]
    public void A_closed_port_refuses_curl()
    {
        string server = Wire.FreshAddress();
        Wire.ServePython(server, Wire.Folder);

        RunningProgram curl = Wire.RunAt(Wire.FreshAddress(), "curl", "-sS", $"http://{server}:81/");

        Assert.That(curl.WaitForExit(), Is.EqualTo(7), curl.Transcript);
        Assert.That(curl.Errors, Does.Contain("Connection refused").Or.Contain("Couldn't connect"));
    }
}
