using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Programs that are started with an environment of their own use their parent's network, unless they ask not to.</summary>
[TestFixture(WireKind.StockSwitch)]
[TestFixture(WireKind.OwnNetwork)]
internal sealed class ChildrenTests(WireKind kind) : WireTest(kind)
{
    [Test]
    public void A_command_over_ssh_uses_the_network_of_the_sshd()
    {
        string web = ServePage();
        string server = Wire.FreshAddress();
        string[] client = Wire.StartSshd(server);
        string login = $"{Environment.UserName}@{server}";

        string byCurl = Ssh(client, login, $"curl -sS --fail --max-time 20 http://{web}/page");
        string byBash = Ssh(client, login, $"bash -c 'exec 3<>/dev/tcp/{web}/80; printf \"GET /page HTTP/1.0\\r\\n\\r\\n\" >&3; tail -n 1 <&3'");
        string ownAddress = Ssh(client, login, $"{Programs.Python} -c \"import socket; s = socket.create_connection(('{web}', 80)); print(s.getsockname()[0])\"");

        Assert.That(byCurl, Is.EqualTo("a page\n"));
        Assert.That(byBash, Is.EqualTo("a page\n"));
        Assert.That(ownAddress, Is.EqualTo($"{server}\n"));
    }

    [Test]
    public void A_program_with_an_empty_environment_fetches_over_the_network()
    {
        string web = ServePage();

        string page = Wire.RunAt(
            Wire.FreshAddress(), "env", "-i", "sh", "-c", $"exec env -i /usr/bin/curl -sS --fail --max-time 20 http://{web}/page").Succeed();

        Assert.That(page, Is.EqualTo("a page\n"));
    }

    [Test]
    public void A_detached_program_is_on_the_machine_s_own_network()
    {
        using var machine = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        machine.Start();
        string call = $"exec 3<>/dev/tcp/127.0.0.1/{((System.Net.IPEndPoint)machine.LocalEndpoint).Port}";

        int attached = Wire.RunAt(Wire.FreshAddress(), "bash", "-c", $"bash -c '{call}' 2>/dev/null").WaitForExit();
        int detached = Wire.RunAt(Wire.FreshAddress(), "bash", "-c", $"PYCO_DETACH=1 bash -c '{call}'").WaitForExit();

        Assert.That(attached, Is.Not.Zero);
        Assert.That(detached, Is.Zero);
    }

    [Test]
    public void A_pyco_run_inside_pyco_run_has_a_host_of_its_own()
    {
        string web = ServePage();
        string outer = Wire.FreshAddress();
        string inner = Wire.FreshAddress();
        string script = $"import socket; s = socket.create_connection(('{web}', 80)); print(s.getsockname()[0])";

        string addresses = Wire.RunAt(
            outer, "sh", "-c", "\"$0\" -c \"$1\"; \"$2\" -a \"$3\" -f \"$4\" -- env -i \"$0\" -c \"$1\"", Programs.Python, script,
            Repository.PycoRun, inner, Wire.Control).Succeed();

        Assert.That(addresses, Is.EqualTo($"{outer}\n{inner}\n"));
    }

    private string Ssh(string[] client, string login, string command) =>
        Wire.RunAt(Wire.FreshAddress(), ["ssh", .. client, login, command]).Succeed();

    private string ServePage()
    {
        string address = Wire.FreshAddress();
        Wire.Write("www/page", "a page\n");
        _ = Wire.ServePython(address, Wire.PathOf("www"));
        return address;
    }
}
