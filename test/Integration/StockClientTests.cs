using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>
/// What others have for VDE, on our network. The plug of kernel TAPs is in <see cref="KernelHostTests"/>, and ours on a stock
/// switch everywhere.
/// </summary>
internal sealed class StockClientTests() : WireTest(WireKind.OwnNetwork)
{
    private const int TwentyMegabytes = 20_000_000;

    [Test]
    public void Two_programs_of_libvdeplug_exchange_frames()
    {
        string client = Wire.PathOf("vde_client");
        Wire.Start("gcc", "-Wall", "-o", client, Repository.Program("vde_client.c"), "-lvdeplug").Succeed();
        RunningProgram listener = Wire.Start(client, $"vde://{Wire.Control}", "L", "-");
        listener.WaitForOutput("plugged in");

        RunningProgram speaker = Wire.Start(client, $"vde://{Wire.Control}", "S", "hello");

        Assert.That(speaker.Succeed(), Is.EqualTo("plugged in\nfrom L: thank you\n"));
        Assert.That(listener.Succeed(), Is.EqualTo("plugged in\nfrom S: hello\n"));
    }

    [Test]
    public void A_cable_of_two_vde_plugs_joins_it_with_a_vde_switch()
    {
        using Wire stock = new(WireKind.StockSwitch);
        Cable(stock);
        string file = Wire.WriteRandom("site/large", TwentyMegabytes);
        Wire.ServePython("10.40.0.100", Wire.PathOf("site"));
        stock.RunAt("10.40.0.200", Programs.Python, "-u", "-m", "http.server", "80", "--directory", Wire.PathOf("site"));
        Wire.WaitUntilListening("10.40.0.200", 80);

        stock.RunAt("10.40.0.201", Fetch("10.40.0.100", "down")).Succeed();
        Wire.RunAt("10.40.0.101", Fetch("10.40.0.200", "up")).Succeed();

        foreach (string fetched in new[] { "down", "up" })
            Assert.That(Programs.Hash(Wire.PathOf(fetched)), Is.EqualTo(Programs.Hash(file)), fetched);
    }

    [Test]
    public void A_second_cable_to_the_same_switch_is_blocked_and_takes_over_when_the_first_is_pulled()
    {
        using Wire stock = new(WireKind.StockSwitch);
        RunningProgram first = Cable(stock);
        Wire.Write("site/index.html", "reached");
        Wire.ServePython("10.40.0.100", Wire.PathOf("site"));
        Cable(stock); // port 4, after the server and who has looked for it

        // A broadcast that asks for an address is what begins to run in circles.
        stock.RunAt("10.40.0.201", "bash", "-c", "for n in 1 2 3; do (exec 3<>/dev/tcp/10.40.0.100/80) 2>/dev/null; sleep 0.2; done");

        Eventually.True(() => Log().Contains("port 4 is blocked: it leads to the same switch as port 1", StringComparison.Ordinal), Log);
        Assert.That(Curl("10.40.0.202"), Is.EqualTo("reached\n"), "one cable is enough");
        first.Terminate();
        Eventually.True(() => Log().Contains("port 4 is open again: port 1 is free", StringComparison.Ordinal), Log);
        Assert.That(Curl("10.40.0.203"), Is.EqualTo("reached\n"), "the second cable");

        string Curl(string from) =>
            stock.RunAt(from, "curl", "-sS", "--fail", "--retry", "5", "--max-time", "50", "http://10.40.0.100/").Succeed();
        string Log() => Wire.Start(Repository.PycoNet, "log", Wire.Control).Succeed();
    }

    [Test]
    public void Slirpvde_is_a_router_to_the_machines_loopback()
    {
        using TcpListener outside = new(IPAddress.Loopback, 0);
        outside.Start();
        int port = ((IPEndPoint)outside.LocalEndpoint).Port;
        string control = Wire.PathOf("slirp");
        Wire.Start(Repository.PycoNet, "start", control, "--subnet", "10.0.2.0/24", "--gateway", "10.0.2.2").Succeed();
        Wire.AtEnd(() => Wire.Start(Repository.PycoNet, "stop", control).Succeed());
        Wire.Start("slirpvde", "-s", control);
        Eventually.True(
            () => Wire.Start(Repository.PycoNet, "status", control).Succeed().Contains("plug", StringComparison.Ordinal), () => "its plug");

        RunningProgram client = Wire.Start(
            Repository.PycoRun,
            "-a", "10.0.2.15", "-f", control, "--", "bash", "-c",
            string.Create(CultureInfo.InvariantCulture, $"exec 3<>/dev/tcp/10.0.2.2/{port}; echo question >&3; read answer <&3; echo $answer"));
        Eventually.True(outside.Pending, () => $"a connection\n{client.Transcript}");
        using TcpClient accepted = outside.AcceptTcpClient();
        using StreamReader reader = new(accepted.GetStream());
        using StreamWriter writer = new(accepted.GetStream()) { AutoFlush = true };

        Assert.That(reader.ReadLine(), Is.EqualTo("question"));
        writer.Write("answer\n");
        Assert.That(client.Succeed(), Is.EqualTo("answer\n"));
    }

    [Test]
    [NeedsRoot]
    public void A_kernel_host_by_vde_plug2tap_reaches_ours()
    {
        KernelHost kernel = KernelHost.On(Wire, "vde_plug2tap", "-s", Wire.Control, "tap0");
        string ours = Wire.FreshAddress();
        Wire.Write("site/index.html", "reached");
        Wire.ServePython(ours, Wire.PathOf("site"));

        Assert.That(kernel.Run("curl", "-sS", "--fail", "--max-time", "50", $"http://{ours}/").Succeed(), Is.EqualTo("reached\n"));
        Assert.That(kernel.Run("ping", "-c", "3", "-i", "0.2", "-W", "5", ours).Succeed(), Does.Contain("3 received, 0% packet loss"));
    }

    [Test]
    [NeedsRoot]
    public void A_namespace_of_vdens_reaches_ours()
    {
        string ours = Wire.FreshAddress(), other = Wire.FreshAddress();
        Wire.Write("site/index.html", "reached");
        Wire.ServePython(ours, Wire.PathOf("site"));

        RunningProgram space = Wire.Start("vdens", $"vde://{Wire.Control}", "bash", "-c", $"""
            ip address add {other}/24 dev vde0 && ip link set vde0 up && curl -sS --fail --max-time 50 http://{ours}/
            echo "curl: $?"
            """);

        // Its end is not waited for: vdens 0.2 misses that its program ended where that comes while it moves a frame.
        space.WaitForOutput("curl: ");
        Assert.That(space.Output, Is.EqualTo("reachedcurl: 0\n"));
    }

    [Test]
    public void A_machine_of_QEMU_gets_its_address_by_DHCP_and_boots_from_a_server_of_ours()
    {
        const string server = "10.78.0.20";
        string control = Wire.PathOf("lab");
        Wire.Start(Repository.PycoNet, "start", control, "--subnet", "10.78.0.0/24", "--nat", "--dns", "127.0.0.1:9").Succeed();
        Wire.AtEnd(() => Wire.Start(Repository.PycoNet, "stop", control).Succeed());
        // Plain "dhcp" would wait 16 s for a router of IPv6.
        string script = Wire.Write("boot.ipxe", $$"""
            #!ipxe
            ifconf --configurator dhcp net0 || reboot
            chain http://{{server}}/next.ipxe?at=${net0/ip}&by=${net0/gateway}

            """);
        Wire.Write("site/next.ipxe", $"""
            #!ipxe
            imgfetch http://{server}/large && imgfetch http://{server}/loaded ||
            reboot

            """);
        Wire.WriteRandom("site/large", 2_000_000);
        Wire.Write("site/loaded", "the one before has arrived");
        RunningProgram python = Wire.Start(
            Repository.PycoRun, "-a", server, "-f", control, "--", Programs.Python, "-u", "-m", "http.server", "80", "--directory", "site");
        python.WaitForOutput("Serving HTTP");

        Wire.Start(
            "qemu-system-x86_64", "-nographic", "-monitor", "none", "-no-reboot", "-accel", "tcg", "-m", "128",
            "-kernel", "/usr/lib/ipxe/ipxe.lkrn", "-initrd", script,
            "-netdev", $"vde,id=wire,sock={control}", "-device", "virtio-net,netdev=wire,romfile=").Succeed(TimeSpan.FromMinutes(2));

        python.WaitForOutput("GET /loaded");
        Assert.That(python.Transcript, Does.Match(@"GET /next\.ipxe\?at=10\.78\.0\.\d+&by=10\.78\.0\.1 HTTP/1\.1"" 200"));
        Assert.That(python.Transcript, Does.Contain("GET /large HTTP/1.1\" 200"));
    }

    private RunningProgram Cable(Wire stock)
    {
        int before = PortsOf(Wire) + PortsOf(stock);
        RunningProgram cable = Wire.Start("vde_plug", $"vde://{Wire.Control}", $"vde://{stock.Control}");
        Eventually.True(() => PortsOf(Wire) + PortsOf(stock) == before + 2, () => "both ends of the cable");
        return cable;
    }

    /// <summary>Counts the sockets of plugs.</summary>
    private static int PortsOf(Wire wire) => Directory.EnumerateFiles(wire.Control, "0*").Count();

    private string[] Fetch(string server, string name) =>
        ["curl", "-sS", "--fail", "--max-time", "100", "-o", Wire.PathOf(name), $"http://{server}/large"];
}
