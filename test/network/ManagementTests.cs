using Pyco.Network.Tests.Testing;
using Pyco.Vde;

namespace Pyco.Network.Tests;

/// <summary>
/// The management socket. What is expected here was recorded from Debian's vde_switch 2.3.2; test/Integration asks both
/// side by side.
/// </summary>
internal sealed class ManagementTests
{
    private const string Head = "0000 DATA END WITH '.'\n";

    [Test]
    public void It_greets_with_a_version_and_a_prompt()
    {
        using TestNetwork network = new();
        using ManagementClient client = network.Manage();

        Assert.That(client.Greeting, Does.StartWith("VDE switch V.2.3.2"));
    }

    [TestCase("nosuch", "1038 Function not implemented\n")]
    [TestCase("vlan", "1038 Function not implemented\n")]
    [TestCase("", "")]
    [TestCase("# a comment", "")]
    [TestCase("port/print 9", $"{Head}.\n1006 No such device or address\n")]
    [TestCase("port/print 70000", $"{Head}.\n1022 Invalid argument\n")]
    [TestCase("hash/find 00:11", $"{Head}.\n1022 Invalid argument\n")]
    [TestCase("hash/find 00:11:22:33:44:55", $"{Head}.\n1019 No such device\n")]
    [TestCase("hash/find 00.11.22.33.44.55 7", $"{Head}.\n1019 No such device\n")]
    [TestCase("hash/setexpire 10", "1000 Success\n")]
    [TestCase("vlan/create 0", "1022 Invalid argument\n")]
    [TestCase("vlan/create 4095", "1022 Invalid argument\n")]
    [TestCase("vlan/create x", "1022 Invalid argument\n")]
    [TestCase("vlan/remove 7", "1006 No such device or address\n")]
    [TestCase("vlan/remove -1", "1022 Invalid argument\n")]
    [TestCase("vlan/print 7", $"{Head}.\n1006 No such device or address\n")]
    [TestCase("vlan/addport 0 9", "1006 No such device or address\n")]
    [TestCase("vlan/addport 0 70000", "1022 Invalid argument\n")]
    [TestCase("vlan/delport 0", "1022 Invalid argument\n")]
    [TestCase("port/setvlan", "1022 Invalid argument\n")]
    [TestCase("port/setvlan 9 0", "1006 No such device or address\n")]
    [TestCase("port/remove 8", "1006 No such device or address\n")]
    [TestCase("port/create 70000", "1022 Invalid argument\n")]
    [TestCase("port/setuser 9 root", "1006 No such device or address\n")]
    [TestCase("port/epclose 1 77", "1006 No such device or address\n")]
    [TestCase("port/resetcounter 70000", "1022 Invalid argument\n")]
    [TestCase("debug/add nosuch", "1022 Invalid argument\n")]
    [TestCase("debug/del port", "1002 No such file or directory\n")]
    [TestCase("fstp/setfstp 1", "1095 Operation not supported\n")]
    public void It_answers_a_command_as_vde_switch_does(string command, string answer)
    {
        using TestNetwork network = new();
        using ManagementClient client = network.Manage();

        Assert.That(client.Do(command), Is.EqualTo(answer));
    }

    [Test]
    public void Ports_are_made_set_shown_and_removed()
    {
        using TestNetwork network = new();
        using ManagementClient client = network.Manage();

        Assert.That(client.Do("port/create 7"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Do("port/create 7"), Is.EqualTo("1017 File exists\n"));
        Assert.That(client.Show("port/createauto"), Is.EqualTo("Port 0001\n"));
        Assert.That(client.Do("vlan/create 5"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Do("vlan/create 5"), Is.EqualTo("1017 File exists\n"));
        Assert.That(client.Do("vlan/addport 5 7"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Do("port/setvlan 1 5"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Do("port/setuser 1 root"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Do("port/setgroup 1 4711"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Do("port/setuser 1 nosuchuser"), Is.EqualTo("1022 Invalid argument\n"));
        Assert.That(client.Show("port/print"), Is.Empty, "nobody is there");
        Assert.That(client.Show("port/allprint"), Is.EqualTo("""
            Port 0001 untagged_vlan=0005 INACTIVE - NOT Unnamed Allocatable
             Current User: NONE Access Control: (User: root - Group: 4711)
             IN:  pkts          0          bytes                    0
             OUT: pkts          0          bytes                    0
            Port 0007 untagged_vlan=0000 INACTIVE - NOT Unnamed Allocatable
             Current User: NONE Access Control: (User: NONE - Group: NONE)
             IN:  pkts          0          bytes                    0
             OUT: pkts          0          bytes                    0

            """));
        Assert.That(client.Show("vlan/allprint"), Is.EqualTo("""
            VLAN 0000
             -- Port 0007 tagged=0 active=0 status=Learning
            VLAN 0005
             -- Port 0001 tagged=0 active=0 status=Learning
             -- Port 0007 tagged=1 active=0 status=Learning

            """));
        Assert.That(client.Show("vlan/print"), Is.EqualTo("VLAN 0000\nVLAN 0005\n"));
        Assert.That(client.Do("vlan/remove 5"), Is.EqualTo("1098 Address already in use\n"));
        Assert.That(client.Do("vlan/delport 5 1"), Is.EqualTo("1098 Address already in use\n"));
        Assert.That(client.Do("vlan/delport 5 7"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Do("port/setvlan 1 0"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Do("vlan/remove 5"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Do("port/remove 7"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Do("port/setnumports 3"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Show("port/showinfo"), Is.EqualTo("Numports=3\nHUB=false\ncounters=true\n"));
    }

    [Test]
    public void A_plug_is_shown_with_what_has_passed_and_can_be_pulled_out()
    {
        using TestNetwork network = new();
        using VdePlug plug = network.Plug("who I am");
        plug.Send(TestFrame.Broadcast(network.Frames, from: 1));
        network.Until(running => running.Switch.Stations.Entries.Count == 1, "the frame");
        using ManagementClient client = network.Manage();
        int endpoint = network.Ask(running => running.Plugs.Ports[0].EndpointId);

        Assert.That(client.Show("port/print 1"), Is.EqualTo($"""
            Port 0001 untagged_vlan=0000 ACTIVE - Unnamed Allocatable
             Current User: {Environment.UserName} Access Control: (User: NONE - Group: NONE)
             IN:  pkts          1          bytes                   60
             OUT: pkts          0          bytes                    0
              -- endpoint ID {endpoint:0000} module unix prog   : who I am

            """));
        Assert.That(client.Show("vlan/print 0"), Is.EqualTo("VLAN 0000\n -- Port 0001 tagged=0 active=1 status=Forwarding\n"));
        Assert.That(
            client.Show("hash/print"),
            Does.Match(@"^Hash: \d{4} Addr: 02:00:00:00:00:01 VLAN 0000 to port: 001  age \d secs\n$"));
        Assert.That(client.Show("hash/find 02:00:00:00:00:01"), Does.Contain("to port: 001"));
        Assert.That(client.Do("port/remove 1"), Is.EqualTo("1098 Address already in use\n"));
        Assert.That(client.Do($"port/epclose 1 {endpoint + 1}"), Is.EqualTo("1006 No such device or address\n"));
        Assert.That(client.Do($"port/epclose 1 {endpoint}"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Show("port/print"), Is.Empty);
        Assert.That(client.Show("hash/print"), Is.Empty);
    }

    [Test]
    public void Hub_mode_mirrors_and_ageing_are_set()
    {
        using TestNetwork network = new();
        using VdePlug first = network.Plug(), second = network.Plug();
        using ManagementClient client = network.Manage();

        Assert.That(client.Do("port/sethub 1"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Do("hash/setexpire 10"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Do("hash/setexpire 0"), Is.EqualTo("1022 Invalid argument\n"));
        Assert.That(client.Do("port/mirror 1 2"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Do("port/mirror 1 3"), Is.EqualTo("1006 No such device or address\n"));
        Assert.That(client.Do("port/mirror 1 1"), Is.EqualTo("1022 Invalid argument\n"));

        Assert.That(network.Ask(running => running.Switch.IsHub), Is.True);
        Assert.That(network.Ask(running => running.Switch.Stations.AgeingTime), Is.EqualTo(TimeSpan.FromSeconds(10)));
        Assert.That(network.Ask(running => running.Switch.Ports[0].Mirror?.Number), Is.EqualTo(2));
        Assert.That(client.Show("port/print 1"), Does.EndWith("  -- mirrored to port 0002\n"));
        Assert.That(client.Do("port/mirror 1 0"), Is.EqualTo("1000 Success\n"));
        Assert.That(network.Ask(running => running.Switch.Ports[0].Mirror), Is.Null);
    }

    [Test]
    public void News_comes_to_those_who_asked_for_it()
    {
        using TestNetwork network = new();
        using ManagementClient client = network.Manage();
        Assert.That(client.Show("debug/list hash"), Does.Contain("hash/+                 011 OFF    hash: new element\n"));
        Assert.That(client.Do("debug/add port"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Do("debug/add hash"), Is.EqualTo("1000 Success\n"));
        Assert.That(client.Do("debug/add port"), Is.EqualTo("1017 File exists\n"));

        using (VdePlug plug = network.Plug("news"))
        {
            Assert.That(client.ReadLine(), Is.EqualTo("3021 port/+ 01"));
            Assert.That(client.ReadLine(), Does.Match("^3031 port/ep/\\+ Port 01 FD +\\d+$"));
            Assert.That(client.ReadLine(), Does.Match("^3023 port/descr Port 01 FD +\\d+ -> \"news\"$"));
            plug.Send(TestFrame.Broadcast(network.Frames, from: 1));
            Assert.That(client.ReadLine(), Is.EqualTo("3011 hash/+ 02:00:00:00:00:01 VLAN 00:00 Port 1"));
        }
        Assert.That(client.ReadLine(), Is.EqualTo("3012 hash/- 02:00:00:00:00:01 VLAN 00:00 Port 1"));
        Assert.That(client.ReadLine(), Does.StartWith("3032 port/ep/- Port 01"));
        Assert.That(client.ReadLine(), Is.EqualTo("3022 port/- 01"));
        Assert.That(client.Do("debug/del"), Is.EqualTo("1000 Success\n"));
        network.Plug().Dispose();
        Assert.That(client.Do("port/print"), Is.Not.Empty.And.Not.Contains("3021"));
    }

    [Test]
    public void Several_commands_in_one_write_are_all_done()
    {
        using TestNetwork network = new();
        using ManagementClient client = network.Manage();

        client.Send("vlan/create 3\r\nvlan/create 4\nvlan/print");

        Assert.That(client.ReadToPrompt(), Is.EqualTo("1000 Success\n"));
        Assert.That(client.ReadToPrompt(), Is.EqualTo("1000 Success\n"));
        Assert.That(client.ReadToPrompt(), Does.Contain("VLAN 0003\nVLAN 0004\n"));
    }

    [Test]
    public void Logout_ends_the_session_and_shutdown_the_network()
    {
        using TestNetwork network = new();
        using ManagementClient first = network.Manage(), second = network.Manage(), third = network.Manage();

        first.Send("logout\n");
        Assert.That(first.ReceiveAll(), Is.EqualTo("9999 END OF SESSION"));
        second.Send("shutdown\n");
        Assert.That(second.ReceiveAll(), Is.EqualTo("9999 END OF SESSION"));
        Assert.That(third.ReceiveAll(), Is.Empty);
        Assert.That(() => Directory.Exists(network.Path), Is.False.After(60_000, 20));
    }

    [Test]
    public void Help_lists_every_command_with_its_syntax_in_vde_switchs_columns()
    {
        using TestNetwork network = new();
        using ManagementClient client = network.Manage();

        Assert.That(client.Show("help vlan"), Is.EqualTo("""
            COMMAND PATH       SYNTAX          HELP
            ------------       --------------  ------------
            vlan               ============    VLAN MANAGEMENT MENU
            vlan/create        N               create the VLAN with tag N
            vlan/remove        N               remove the VLAN with tag N
            vlan/addport       N PORT          add port to the vlan N (tagged)
            vlan/delport       N PORT          delete port from the vlan N (tagged)
            vlan/print         [N]             print the list of defined vlan
            vlan/allprint      [N]             print the list of defined vlan (including inactive port)

            """));
        Assert.That(client.Show("help").Split('\n'), Has.Length.GreaterThan(35));
    }

    [Test]
    public void The_socket_may_be_at_a_place_of_its_own_and_a_left_one_is_replaced()
    {
        string place = Path.Combine(Path.GetTempPath(), $"pyco-mgmt-{Environment.ProcessId}");
        for (int time = 0; time < 2; time++)
        {
            using TestNetwork network = new(options => options with { ManagementSocket = place });
            using ManagementClient client = network.Manage();
            Assert.That(client.Show("showinfo"), Does.Contain($"mgmt {place} perm 0600\n"));
            Assert.That(network.Files, Has.No.Member("mgmt"));
        }
        Assert.That(File.Exists(place), Is.False);
    }

    [Test]
    public void Somebody_who_asks_and_never_reads_is_dropped_and_others_are_served()
    {
        using TestNetwork network = new();
        using RawClient deaf = network.Connect("mgmt");
        byte[] questions = [.. Enumerable.Repeat("help\n"u8.ToArray(), 200).SelectMany(line => line)];
        try
        {
            for (int time = 0; time < 1000 && !deaf.IsGone; time++)
                deaf.TrySend(questions);
        }
        finally
        {
            using ManagementClient client = network.Manage();
            Assert.That(client.Show("port/showinfo"), Does.Contain("Numports"));
        }
    }
}
