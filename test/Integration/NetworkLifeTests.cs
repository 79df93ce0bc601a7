using System.Text.RegularExpressions;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>How a network of ours begins and ends, and what it takes with it.</summary>
internal sealed class NetworkLifeTests : NetworkTest
{
    private const string WaitForLine = "echo up; read -r line";

    [Test]
    public void The_first_program_starts_the_default_network_and_the_next_finds_it()
    {
        Run("-a", "10.40.0.7", "--", "true").Succeed();
        int pid = Status("pid");
        Run("--", "true").Succeed();

        Assert.That(Status("pid"), Is.EqualTo(pid));
        Assert.That(Net("list"), Does.Contain(DefaultNetwork));
    }

    [Test]
    public void Programs_that_start_at_once_start_one_network()
    {
        RunningProgram[] programs = [.. Enumerable.Range(0, 8).Select(_ => Run("--", "sh", "-c", WaitForLine))];
        foreach (RunningProgram program in programs)
            program.WaitForOutput("up");

        Assert.That(Status("hosts"), Is.EqualTo(programs.Length));
    }

    [Test]
    public void An_address_without_a_length_has_the_networks_and_is_judged_by_it()
    {
        string network = $"{Folder}/wide";
        Net("start", network, "--subnet", "10.50.0.0/16");

        Assert.That(AddressOf(Run("-v", "-f", network, "-a", "10.50.1.0", "--", "sh", "-c", WaitForLine)), Is.EqualTo("10.50.1.0/16"));
        RunningProgram end = Run("-f", network, "-a", "10.50.255.255", "--", "true");
        Assert.That(end.WaitForExit(), Is.EqualTo(125));
        Assert.That(end.Errors, Is.EqualTo(
            "pyco-run: 10.50.255.255 is the broadcast address of 10.50.0.0/16: choose another or another length\n"));
        RunningProgram gateway = Run("-f", network, "-g", "10.51.0.1", "--", "true");
        Assert.That(gateway.WaitForExit(), Is.EqualTo(125));
        Assert.That(gateway.Errors, Is.EqualTo("pyco-run: the gateway 10.51.0.1 cannot be reached: it is not in 10.50.0.0/16\n"));
    }

    [Test]
    public void A_path_that_is_too_long_for_sockets_is_refused_and_leaves_nothing()
    {
        string network = $"{Folder}/{new string('x', 100 - Folder.Length)}";
        RunningProgram start = Start(Repository.PycoNet, "start", network);
        Assert.That(start.WaitForExit(), Is.Not.Zero);
        Assert.That(start.Errors, Does.Contain("is too long for sockets in it"));
        Assert.That(Directory.Exists(network), Is.False);
    }

    [TestCase("pyco-net: ", "PycoNet", "start", "lab")]
    [TestCase("pyco-run: ", "PycoRun", "-f", "lab", "--", "true")]
    public void A_relative_path_in_a_working_directory_that_was_deleted_is_refused_with_the_reason(string name, string command, params string[] words)
    {
        string program = command == "PycoNet" ? Repository.PycoNet : Repository.PycoRun;
        RunningProgram start = Start("sh", ["-ec", "mkdir gone; cd gone; rmdir ../gone; \"$@\"", "sh", program, .. words]);
        Assert.That(start.WaitForExit(), Is.EqualTo(125));
        Assert.That(start.Errors, Is.EqualTo(
            name + "cannot tell where 'lab' is, because the working directory was deleted: give the whole path, or cd to another one\n"));
    }

    [Test]
    public void The_default_network_is_the_same_by_its_path()
    {
        Net("start", $"{DefaultNetwork}/");

        Assert.That(Net("list"), Does.Contain(DefaultNetwork));
        Assert.That(File.GetUnixFileMode(Path.GetDirectoryName(DefaultNetwork)!), Is.EqualTo((UnixFileMode)0b111_000_000));
    }

    [Test]
    public void Stop_leaves_no_folder_that_start_has_made()
    {
        Directory.CreateDirectory($"{Folder}/labs");
        Net("start", "labs/a/b");
        Net("start", "other");
        string register = $"{Path.GetDirectoryName(DefaultNetwork)}/networks";
        Net("stop", "labs/a/b");

        Assert.That(Directory.GetFileSystemEntries($"{Folder}/labs"), Is.Empty);
        Assert.That(Directory.GetFileSystemEntries(register), Has.Length.EqualTo(1), "the other's");
        Net("stop", "other");
        Assert.That(Directory.Exists(register), Is.False);
        Assert.That(Net("list").Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(1), "the header");
    }

    [Test]
    [NeedsRoot]
    public void A_network_for_which_there_is_no_room_leaves_nothing()
    {
        string full = Directory.CreateDirectory($"{Folder}/full").FullName;
        Start("mount", "-t", "tmpfs", "-o", "nr_inodes=2", "none", full).Succeed(); // one for the root, one for a folder
        try
        {
            RunningProgram start = Start(Repository.PycoNet, "start", $"{full}/lab");

            Assert.That(start.WaitForExit(), Is.Not.Zero);
            Assert.That(start.Errors, Does.Contain("No space left on device"));
            Assert.That(Directory.GetFileSystemEntries(full), Is.Empty);
        }
        finally
        {
            Start("umount", full).Succeed();
        }
    }

    [TestCase("pyco-run: cannot read /usr/bin/env: Too many open files\n", 4, "PycoRun", "--", "/usr/bin/env")]
    [TestCase("pyco-net: the network cannot start: Too many open files\n", 10, "PycoNet", "start", "lab")]
    public void Where_descriptors_are_short_that_is_all_that_is_told(string expected, int limit, string command, params string[] words)
    {
        string program = command == "PycoNet" ? Repository.PycoNet : Repository.PycoRun;
        // Whoever runs the tests may have left some open.
        const string closing = "for open in /proc/$BASHPID/fd/*; do open=${open##*/}; [ $open -le 2 ] || eval \"exec $open>&-\"; done; ";
        RunningProgram start = Start("bash", ["-c", $"{closing}ulimit -n {limit} && exec \"$@\"", "bash", program, .. words]);
        Assert.That(start.WaitForExit(), Is.EqualTo(125), start.Transcript);
        Assert.That(start.Errors, Is.EqualTo(expected));
        Assert.That(Directory.Exists($"{Folder}/lab"), Is.False);
    }

    [TestCase(0b111_011_011, "no permission to read the folder {0}: choose another path")]
    [TestCase(0b111_111_111, "cannot set the permissions of {0}: Operation not permitted")]
    [NeedsRoot]
    public void A_folder_of_another_user_is_refused_and_stays_as_it_is(int mode, string reason)
    {
        string folder = Directory.CreateDirectory($"{Folder}/others/folder").FullName, program = $"{Folder}/pyco-net";
        File.Copy(Repository.PycoNet, program); // to where everybody may look
        File.SetUnixFileMode($"{Folder}/others", (UnixFileMode)0b111_111_111);
        File.SetUnixFileMode(folder, (UnixFileMode)mode);
        RunningProgram start = Start("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", program, "start", folder);
        Assert.That(start.WaitForExit(), Is.EqualTo(125), start.Transcript);
        Assert.That(start.Errors, Is.EqualTo($"pyco-net: {string.Format(null, reason, folder)}\n"));
        Assert.That(Directory.GetFileSystemEntries(folder), Is.Empty);
    }

    [Test]
    public void An_address_outside_the_networks_subnet_is_told()
    {
        RunningProgram outside = Run("-a", "10.50.0.7", "--", "true");
        outside.Succeed();
        Assert.That(outside.Errors, Is.EqualTo(
            "pyco-run: 10.50.0.7 is outside the network's subnet 10.40.0.0/24: its other hosts will not find it there (-q hides this)\n"));
        foreach (string[] words in (string[][])[["-q", "-a", "10.50.0.7"], ["-a", "10.40.0.7", "-a", "10.50.0.7"]])
        {
            RunningProgram quiet = Run([.. words, "--", "true"]);
            quiet.Succeed();
            Assert.That(quiet.Errors, Is.Empty);
        }
    }

    [Test]
    public void Without_an_address_each_host_gets_another_one()
    {
        string[] addresses = [.. Enumerable.Range(0, 5).Select(_ => AddressOf(Run("-v", "--", "sh", "-c", WaitForLine)))];

        Assert.That(addresses, Is.Unique);
        Assert.That(addresses, Has.All.Match(@"^10\.40\.0\.\d+/24$"));
    }

    [Test]
    public void A_network_s_subnet_gives_addresses_their_length_and_when_it_is_full_says_so()
    {
        Net("start", "--subnet", "10.9.8.0/29", "--gateway", "10.9.8.6");
        string[] addresses = [.. Enumerable.Range(0, 4).Select(_ => AddressOf(Run("-v", "--", "sh", "-c", WaitForLine)))];
        Assert.That(addresses, Is.EquivalentTo(new[] { "10.9.8.2/29", "10.9.8.3/29", "10.9.8.4/29", "10.9.8.5/29" }));

        RunningProgram one = Run("--", "true");
        Assert.That(one.WaitForExit(), Is.EqualTo(125));
        Assert.That(one.Errors, Is.EqualTo("pyco-run: all addresses of 10.9.8.0/29 are in use: stop a program, or give one with -a\n"));
        Assert.That(AddressOf(Run("-v", "-a", "10.9.8.1", "--", "sh", "-c", WaitForLine)), Is.EqualTo("10.9.8.1/29"));
    }

    [Test]
    public void The_length_of_one_address_leaves_that_of_another_to_the_network()
    {
        Net("start", "--subnet", "10.9.0.0/16");
        RunningProgram program = Run("-v", "-a", "10.9.8.1", "-a", "192.168.7.1/20", "-a", "192.168.9.1", "--", "true");
        program.Succeed();
        Assert.That(program.Errors, Does.Contain("10.9.8.1/16, 192.168.7.1/20, 192.168.9.1/24 is up"));
    }

    [Test]
    public void An_address_in_use_names_the_program_that_has_it_and_is_free_again_at_its_end()
    {
        RunningProgram holder = Run("-a", "10.40.0.9", "--", "sh", "-c", WaitForLine);
        holder.WaitForOutput("up");

        RunningProgram second = Run("-a", "10.40.0.9", "--", "true");
        Assert.That(second.WaitForExit(), Is.EqualTo(125));
        Assert.That(second.Errors, Does.Match(
            $@"^pyco-run: address 10\.40\.0\.9 is in use on this network by [0-9a-f:]{{17}} \(sh, pid {holder.Id}\): choose another with -a\n$"));

        holder.WriteLine("end");
        holder.Succeed();
        Run("-a", "10.40.0.9", "--", "true").Succeed();
    }

    [Test]
    public void Of_programs_that_want_one_address_at_once_exactly_one_gets_it()
    {
        for (int round = 0; round < 10; round++)
        {
            RunningProgram[] programs = [.. Enumerable.Range(0, 3).Select(_ => Run("-a", "10.40.0.9", "--", "sh", "-c", WaitForLine))];
            Eventually.True(
                () => programs.All(program => program.HasExited || program.Output.Contains("up", StringComparison.Ordinal)),
                () => "all three to start or fail");
            RunningProgram[] winners = [.. programs.Where(program => !program.HasExited)];
            Assert.That(winners, Has.Length.EqualTo(1), $"round {round}");
            winners[0].WriteLine("end");
            winners[0].Succeed();
        }
    }

    [Test]
    public void When_a_network_is_stopped_its_programs_see_their_sockets_fail_and_no_file_is_left()
    {
        RunningProgram server = Run("-a", "10.40.0.9", "--", Programs.Python, "-u", "-c", """
            import socket
            listener = socket.create_server(("", 7))
            print("listening")
            connection, peer = listener.accept()
            try:
                print("received", connection.recv(100))
                print("received", connection.recv(100))
            except OSError as error:
                print("error", error.errno)
            """);
        server.WaitForOutput("listening");
        RunningProgram client = Run("--", Programs.Python, "-u", "-c", """
            import socket, sys
            connection = socket.create_connection(("10.40.0.9", 7))
            connection.send(b"hello")
            print("sent")
            try:
                print("received", connection.recv(100))
            except OSError as error:
                print("error", error.errno)
            try:
                socket.create_connection(("10.40.0.9", 7))
            except OSError as error:
                print("later", error.errno)
            """);
        server.WaitForOutput("received b'hello'");

        Net("stop");

        Assert.That(server.Succeed(), Does.Match(@"(?s)error \d+|received b''"));
        Assert.That(client.Succeed(), Does.Match(@"(?s)(error \d+|received b'').*later \d+"));
        Assert.That(Directory.Exists(DefaultNetwork), Is.False);
        Assert.That(Net("list").Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(1), "the header");
    }

    [Test]
    public void A_network_that_was_killed_leaves_nothing_in_the_way_of_the_next()
    {
        RunningProgram program = Run("-a", "10.40.0.9", "--", "sh", "-c", WaitForLine);
        program.WaitForOutput("up");
        HostProcess.Kill(Status("pid"));
        Assert.That(File.Exists($"{DefaultNetwork}/ctl"), Is.True, "it could not clean up");

        Run("-a", "10.40.0.9", "--", "true").Succeed();
    }

    [Test]
    public void A_second_network_at_the_same_place_is_refused()
    {
        string path = $"{Folder}/lab";
        Net("start", path);
        RunningProgram second = Start(Repository.PycoNet, "start", path);
        Assert.That(second.WaitForExit(), Is.EqualTo(125));
        Assert.That(second.Errors, Is.EqualTo(
            $"pyco-net: a network runs at {path} already: stop it with pyco-net stop {path}, or choose another path\n"));
        Net("stop", path);
        Assert.That(Directory.Exists(path), Is.False);
    }

    [Test]
    public void A_folder_with_other_files_in_it_keeps_them()
    {
        string path = $"{Folder}/lab";
        Directory.CreateDirectory(path);
        File.WriteAllText($"{path}/notes", "mine");
        Net("start", path);
        Run("-f", path, "--", "true").Succeed();
        Net("stop", path);
        Assert.That(Directory.GetFileSystemEntries(path), Is.EqualTo(new[] { $"{path}/notes" }));
    }

    [Test]
    public void Where_no_network_runs_it_says_how_to_start_one()
    {
        RunningProgram status = Start(Repository.PycoNet, "status", $"{Folder}/nowhere");
        Assert.That(status.WaitForExit(), Is.EqualTo(125));
        Assert.That(status.Errors, Is.EqualTo(
            $"pyco-net: no network runs at {Folder}/nowhere: start it with pyco-net start {Folder}/nowhere\n"));
    }

    [Test, NeedsRoot]
    public void Another_user_neither_joins_a_private_network_nor_sees_into_it()
    {
        string path = $"{Folder}/lab";
        Net("start", path);
        foreach (string file in new[] { "pyco", "ctl", "log", "mgmt" })
        {
            RunningProgram look = Start("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "cat", $"{path}/{file}");
            Assert.That(look.WaitForExit(), Is.Not.Zero, file);
            Assert.That(look.Errors, Does.Contain("Permission denied"), file);
        }
    }

    [Test]
    public void A_network_that_was_killed_is_told_as_such_and_listed_once_when_it_runs_again()
    {
        string path = $"{Folder}/lab";
        Net("start", path);
        HostProcess.Kill(Status("pid", path));
        string killed =
            $"pyco-net: the network at {path} was killed: pyco-net log {path} shows its last words, start begins it anew, stop removes its files\n";
        RunningProgram status = Start(Repository.PycoNet, "status", path);
        Assert.That(status.WaitForExit(), Is.EqualTo(125));
        Assert.That(status.Errors, Is.EqualTo(killed));
        RunningProgram list = Start(Repository.PycoNet, "list", "--json");
        Assert.That(list.Succeed(), Is.EqualTo("[]\n"));
        Assert.That(list.Errors, Is.EqualTo(killed));
        RunningProgram program = Run("-f", path, "--", "true");
        Assert.That(program.WaitForExit(), Is.EqualTo(125));
        Assert.That(program.Errors, Is.EqualTo($"pyco-run: the network at {path} has ended: start it again: pyco-net start {path}\n"));

        Net("start", path);
        Assert.That(Net("list").Split('\n').Count(line => line.StartsWith(path, StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public void The_log_of_a_network_that_was_killed_can_be_read_until_stop_removes_what_it_left()
    {
        string path = $"{Folder}/lab";
        Net("start", path);
        Run("-f", path, "-a", "10.40.0.7", "--", "true").Succeed();
        HostProcess.Kill(Status("pid", path));

        Assert.That(Net("log", "-f", path), Does.Contain("10.40.0.7/24 is up"));
        Assert.That(Net("stop", "--json", path), Is.EqualTo($$"""{"path":"{{path}}","pid":null,"stopped":true}""" + "\n"));
        Assert.That(Directory.Exists(path), Is.False);
        RunningProgram list = Start(Repository.PycoNet, "list", "--json");
        Assert.That(list.Succeed(), Is.EqualTo("[]\n"));
        Assert.That(list.Errors, Is.Empty);
        Assert.That(Start(Repository.PycoNet, "stop", path).WaitForExit(), Is.EqualTo(125));
    }

    [Test]
    public void The_default_network_runs_on_all_processors_whatever_its_first_program_is_bound_to()
    {
        const string field = "Cpus_allowed_list:\t";
        string Processors(string of) =>
            File.ReadLines($"/proc/{of}/status").First(line => line.StartsWith(field, StringComparison.Ordinal))[field.Length..];
        string all = Processors("self"), first = all.Split('-', ',')[0];

        string bound = Start("taskset", "-c", first, Repository.PycoRun, "--", "grep", field, "/proc/self/status").Succeed();
        Assert.That(bound, Is.EqualTo($"{field}{first}\n"), "the program's own");
        Assert.That(Processors($"{Status("pid")}"), Is.EqualTo(all));
        Net("stop");
        Start("taskset", "-c", first, Repository.PycoNet, "start").Succeed();
        Assert.That(Processors($"{Status("pid")}"), Is.EqualTo(first), "one that was itself started so");
    }

    [Test]
    public void Two_hosts_cannot_have_one_Ethernet_address()
    {
        RunningProgram holder = Run("-m", "02:00:00:00:00:07", "-a", "10.40.0.7", "--", "sh", "-c", WaitForLine);
        holder.WaitForOutput("up");
        RunningProgram second = Run("-m", "02:00:00:00:00:07", "-a", "10.40.0.8", "--", "true");
        Assert.That(second.WaitForExit(), Is.EqualTo(125));
        Assert.That(second.Errors, Is.EqualTo(
            $"pyco-run: the Ethernet address 02:00:00:00:00:07 is in use on this network by 10.40.0.7 (sh, pid {holder.Id}): choose another with -m\n"));
    }

    [Test]
    public void What_cannot_be_written_is_told()
    {
        Net("start");
        RunningProgram full = Start("sh", "-c", $"{Repository.PycoNet} ps >/dev/full");
        Assert.That(full.WaitForExit(), Is.EqualTo(125));
        Assert.That(full.Errors, Is.EqualTo("pyco-net: cannot write: No space left on device\n"));
    }

    [Test]
    public void A_host_may_have_the_large_MTU_of_its_network()
    {
        Net("start", "--mtu", "9000");
        Run("--mtu", "4000", "--", "true").Succeed();
        Run("--mtu", "9000", "--", "true").Succeed();
    }

    [Test]
    public void A_network_with_a_large_MTU_refuses_a_larger_one()
    {
        Net("start", "--mtu", "4000");
        RunningProgram refused = Run("--mtu", "9000", "--", "true");
        Assert.That(refused.WaitForExit(), Is.EqualTo(125));
        Assert.That(refused.Errors, Does.Contain("at most 4000 octets"));
    }

    [Test]
    public void A_change_that_is_impossible_for_one_cable_changes_none()
    {
        Net("start");
        Assert.That(LinkError("lost=5%"), Does.StartWith("pyco-net: 'lost' is no property of a link"), "no host is there yet");
        Run("--link", "delay=9ms", "--", "sh", "-c", WaitForLine).WaitForOutput("up");
        Run("--", "sh", "-c", WaitForLine).WaitForOutput("up");
        string before = CablesWithoutCounts();

        Assert.That(LinkError("jitter=5ms"), Does.StartWith("pyco-net: jitter=5ms is more than the delay"), "the second has none");

        Assert.That(CablesWithoutCounts(), Is.EqualTo(before));
    }

    [Test]
    public void The_networks_process_has_the_products_name()
    {
        Net("start");
        Assert.That(File.ReadAllText($"/proc/{Status("pid")}/comm"), Is.EqualTo("pyco\n"));
    }

    [Test]
    public void A_management_socket_that_cannot_be_made_is_named()
    {
        RunningProgram start = Start(Repository.PycoNet, "start", "--mgmt", $"{Folder}/nowhere/mgmt");
        Assert.That(start.WaitForExit(), Is.EqualTo(125));
        Assert.That(start.Errors, Is.EqualTo($"pyco-net: cannot listen at {Folder}/nowhere/mgmt: No such file or directory\n"));
    }

    [Test, NeedsRoot]
    public void Another_user_of_an_open_network_cannot_change_the_cables_of_its_hosts()
    {
        string path = $"{Folder}/open", program = $"{Folder}/pyco-net";
        Net("start", path, "--mode", "666");
        Run("-f", path, "-a", "10.40.0.7", "--", "sh", "-c", WaitForLine).WaitForOutput("up");
        File.Copy(Repository.PycoNet, program); // to where everybody may look
        RunningProgram cut = Start(
            "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", program, "link", path, "--set", "loss=100%");

        Assert.That(cut.WaitForExit(), Is.EqualTo(125));
        Assert.That(cut.Errors, Is.EqualTo("pyco-net: the cable of port 1 is another user's\n"));
        Assert.That(Net("link", path), Does.Contain(" none "));
    }

    /// <summary>Frames of their own, such as ARP's, pass while nobody does anything.</summary>
    private string CablesWithoutCounts()
    {
        string cables = Regex.Replace(Net("link"), @"^(\d+)( +\d+){6} ", "$1 ", RegexOptions.Multiline);
        Assert.That(cables, Does.Match(@"(?m)^2 +none "), "the counts are cut");
        return cables;
    }

    private string LinkError(string spec)
    {
        RunningProgram link = Start(Repository.PycoNet, "link", "--set", spec);
        Assert.That(link.WaitForExit(), Is.EqualTo(125));
        return link.Errors;
    }

    private static string AddressOf(RunningProgram program)
    {
        program.WaitForOutput("up\n");
        program.WaitForOutput(" is up: ");
        string line = program.Errors.Split('\n').Single(line => line.Contains(" is up: ", StringComparison.Ordinal));
        return line["pyco-run: ".Length..].Split(' ')[0];
    }
}
