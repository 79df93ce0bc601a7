using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Pyco.Cli.Run;
using Pyco.Integration.Tests.Support;
using Pyco.Vde.Tests;

namespace Pyco.Cli.Tests;

/// <summary>Which programs can be put into the virtual network, told from real files.</summary>
[SupportedOSPlatform("linux")]
internal sealed partial class ProgramFileTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void A_dynamic_program_is_fine() =>
        Assert.That(ProgramFile.NeedsShell(ProgramFile.Find("ls", "/usr/bin:/bin")), Is.False);

    [Test]
    public void A_static_program_is_refused()
    {
        LaunchException failure = Assert.Throws<LaunchException>(() => ProgramFile.NeedsShell(Compile("-static")))!;
        Assert.That(failure.Message, Does.Contain("statically linked").And.Contain("preload"));
        Assert.That(failure.ExitStatus, Is.EqualTo(126));
    }

    [Test]
    public void A_static_position_independent_program_is_refused() =>
        Assert.That(
            () => ProgramFile.NeedsShell(Compile("-static-pie")),
            Throws.TypeOf<LaunchException>().With.Message.Contains("statically linked"));

    /// <summary>It would be preloaded, and use the machine's own network all the same.</summary>
    [Test]
    public void A_dynamic_program_in_Go_is_refused()
    {
        const string note = """
            __asm__(".section .note.go.buildid,\"a\",@note\n.balign 4\n.long 4,8,4\n.ascii \"Go\\0\\0\"\n.quad 0\n.previous");
            """;
        LaunchException failure = Assert.Throws<LaunchException>(() => ProgramFile.NeedsShell(CompileWith(note)))!;
        Assert.That(failure.Message, Does.Contain("written in Go"));
        Assert.That(failure.ExitStatus, Is.EqualTo(126));
    }

    [Test]
    public void A_program_for_another_processor_is_refused()
    {
        string path = Compile();
        using (FileStream file = new(path, FileMode.Open))
        {
            file.Position = 18; // e_machine
            file.WriteByte(0xf3); // RISC-V
        }
        Assert.That(
            () => ProgramFile.NeedsShell(path),
            Throws.TypeOf<LaunchException>().With.Message.Contains("another processor"));
    }

    [Test]
    public void A_script_is_as_good_as_its_interpreter()
    {
        string bad = Compile("-static");
        string script = Script($"#! {bad} -x\n");
        LaunchException failure = Assert.Throws<LaunchException>(() => ProgramFile.NeedsShell(script))!;
        Assert.That(failure.Message, Does.StartWith(script).And.Contain($"its interpreter {bad}"));
        Assert.That(ProgramFile.NeedsShell(Script("#!/bin/sh\n")), Is.False);
    }

    [Test]
    public void A_script_without_an_interpreter_is_for_the_shell() =>
        Assert.That(ProgramFile.NeedsShell(Script("echo hello\n")), Is.True);

    [Test]
    public void A_missing_interpreter_is_named() =>
        Assert.That(
            () => ProgramFile.NeedsShell(Script("#!/no/such/shell\n")),
            Throws.TypeOf<LaunchException>().With.Message.Contains("/no/such/shell does not exist"));

    /// <summary>Nobody else may give a file to a foreign group.</summary>
    [Test, NeedsRoot]
    public void A_program_that_is_set_to_another_group_is_refused()
    {
        string path = Compile();
        const UnixFileMode setGroup = UnixFileMode.SetGroup | UnixFileMode.UserRead | UnixFileMode.UserExecute;
        Run("chgrp", "nogroup", path);
        File.SetUnixFileMode(path, setGroup);
        Assert.That(() => ProgramFile.NeedsShell(path), Throws.TypeOf<LaunchException>().With.Message.Contains("setgid"));
    }

    [Test]
    public void A_broken_program_is_not_run()
    {
        string path = Script("\u007fELF");
        Assert.That(() => ProgramFile.NeedsShell(path), Throws.TypeOf<LaunchException>().With.Message.Contains("not a valid"));
    }

    [TestCase("no-such-program-anywhere", 127)]
    [TestCase("/no/such/program", 127)]
    [TestCase("", 127)]
    [TestCase("/etc/passwd", 126)]
    [TestCase("/etc", 126)]
    [TestCase("/etc/passwd/x", 126)]
    public void What_cannot_be_found_or_run_has_its_own_status(string name, int status) =>
        Assert.That(
            Assert.Throws<LaunchException>(() => ProgramFile.Find(name, "/usr/bin:/bin"))!.ExitStatus, Is.EqualTo(status));

    [Test]
    public void A_circle_of_links_is_told_as_env_and_the_shell_tell_it()
    {
        string link = $"{_folder.Path}/circle";
        File.CreateSymbolicLink(link, link);
        LaunchException failure = Assert.Throws<LaunchException>(() => ProgramFile.Find(link, null))!;
        Assert.That(failure.Message, Is.EqualTo($"cannot run {link}: Too many levels of symbolic links"));
        Assert.That(failure.ExitStatus, Is.EqualTo(126));
    }

    [Test]
    public void A_named_pipe_is_no_program_and_nobody_waits_for_its_writer()
    {
        string pipe = $"{_folder.Path}/pipe";
        Run("mkfifo", "-m", "755", pipe);
        LaunchException failure = Assert.Throws<LaunchException>(() => ProgramFile.Find(pipe, null))!;
        Assert.That(failure.Message, Is.EqualTo($"{pipe} is no regular file"));
        Assert.That(failure.ExitStatus, Is.EqualTo(126));
    }

    /// <summary>As <c>flock ./script pyco-run ./script</c> does.</summary>
    [Test]
    public void A_program_whose_file_somebody_has_locked_can_be_run()
    {
        string script = Script("#!/bin/sh\n");
        using FileStream locked = new(script, FileMode.Open, FileAccess.Read, FileShare.None);
        Assert.That(ProgramFile.NeedsShell(script), Is.False);
    }

    [Test]
    public void What_is_in_a_folder_that_may_not_be_searched_is_not_called_missing()
    {
        const uint nobody = 65534;
        DirectoryInfo closed = Directory.CreateDirectory($"{_folder.Path}/closed");
        closed.UnixFileMode = UnixFileMode.None;
        // Root may search every folder; this thread only is not root for a moment.
        uint own = (uint)setfsuid(nobody);
        LaunchException failure;
        try
        {
            failure = Assert.Throws<LaunchException>(() => ProgramFile.Find($"{closed.FullName}/program", null))!;
        }
        finally
        {
            _ = setfsuid(own);
        }
        Assert.That(failure.ExitStatus, Is.EqualTo(126));
        Assert.That(failure.Message, Does.Contain("look at the permissions of its folders"));
    }

    [Test]
    public void The_search_goes_on_past_what_may_not_be_executed()
    {
        File.WriteAllText($"{_folder.Path}/ls", "");
        File.SetUnixFileMode($"{_folder.Path}/ls", UnixFileMode.UserRead);
        Assert.That(ProgramFile.Find("ls", $"{_folder.Path}:/usr/bin:/bin"), Is.EqualTo("/usr/bin/ls"));
        Assert.That(
            Assert.Throws<LaunchException>(() => ProgramFile.Find("ls", _folder.Path))!.ExitStatus, Is.EqualTo(126));
    }

    [LibraryImport("libc")]
    private static partial int setfsuid(uint user);

    private string Script(string text)
    {
        string path = $"{_folder.Path}/script";
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }

    private string Compile(params string[] options) => CompileWith("", options);

    private string CompileWith(string declarations, params string[] options)
    {
        string source = $"{_folder.Path}/program.c";
        string path = $"{_folder.Path}/program";
        File.WriteAllText(source, $"{declarations}\nint main(void) {{ return 0; }}\n");
        Run("gcc", [.. options, "-o", path, source]);
        return path;
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments)!;
        Assert.That(process.WaitForExit(TimeSpan.FromSeconds(60)), Is.True);
    }
}
