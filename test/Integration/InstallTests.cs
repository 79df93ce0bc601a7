using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary><c>make install</c> and <c>make uninstall</c>, and the programs from where they were installed.</summary>
internal sealed class InstallTests() : WireTest(WireKind.StockSwitch)
{
    private static readonly string[] Installed =
    [
        "bin/pyco", "bin/pyco-net", "bin/pyco-run", "bin/pyco-vde-setup", "bin/pyco-wrapper",
        "include/pyco.h", "lib/libpyco.so",
        "share/man/man1/pyco-net.1", "share/man/man1/pyco-run.1", "share/man/man1/pyco-vde-setup.1", "share/man/man1/pyco-wrapper.1",
        "share/man/man1/pyco.1",
    ];

    /// <summary>Everybody may run what is installed there.</summary>
    protected override string SwitchMode => "777";

    [Test]
    public void A_package_gets_all_files_below_its_stage_and_uninstall_leaves_none()
    {
        string stage = Wire.PathOf("stage");

        Make("install", "PREFIX=/usr", $"DESTDIR={stage}");
        string[] files = FilesIn($"{stage}/usr");
        string name = new FileInfo($"{stage}/usr/bin/pyco-run").LinkTarget!;
        Make("uninstall", "PREFIX=/usr", $"DESTDIR={stage}");

        Assert.That(files, Is.EqualTo(Installed));
        Assert.That(name, Is.EqualTo("pyco"), "a link that stays right wherever the stage goes");
        Assert.That(FilesIn(stage), Is.Empty);
    }

    [Test]
    public void What_was_there_before_outlives_uninstall()
    {
        string prefix = Wire.PathOf("prefix");
        Wire.Write("prefix/bin/other", "another program");
        Make("install", $"PREFIX={prefix}");
        Make("uninstall", $"PREFIX={prefix}");
        Assert.That(FilesIn(prefix), Is.EqualTo(new[] { "bin/other" }));
    }

    [Test]
    public void Installed_programs_find_their_library_however_they_are_called()
    {
        string prefix = Wire.PathOf("prefix");
        Make("install", $"PREFIX={prefix}");
        Directory.CreateDirectory(Wire.PathOf("elsewhere"));
        File.CreateSymbolicLink(Wire.PathOf("elsewhere/pyco-run"), "../prefix/bin/pyco-run");

        string byPath = Shell($"{prefix}/bin/pyco-run {Arguments()}");
        string relative = Shell($"cd {prefix}/lib && ../bin/pyco-run {Arguments()}");
        string byName = Shell($"PATH={prefix}/bin:$PATH; pyco-run {Arguments()}");
        string linked = Shell($"elsewhere/pyco-run {Arguments()}");
        string asWord = Shell($"{prefix}/bin/pyco run {Arguments()}");
        Directory.Move(prefix, Wire.PathOf("moved"));
        string moved = Shell($"moved/bin/pyco-run {Arguments()}");

        foreach (string preloaded in new[] { byPath, relative, byName, linked, asWord })
            Assert.That(preloaded, Is.EqualTo($"{prefix}/lib/libpyco.so\n"));
        Assert.That(moved, Is.EqualTo($"{Wire.PathOf("moved/lib/libpyco.so")}\n"));
    }

    [Test]
    [NeedsRoot]
    public void Installed_by_root_they_work_for_others()
    {
        string prefix = Wire.PathOf("prefix");
        Wire.Start("bash", "-c", $"umask 022; make -C {Repository.Root} --no-print-directory install PREFIX={prefix}").Succeed();

        string whoAndWhere = Wire.Start(
            "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", $"{prefix}/bin/pyco-run",
            "-a", Wire.FreshAddress(), "-f", Wire.Control, "--", "sh", "-c", "id -un; echo $LD_PRELOAD").Succeed();

        Assert.That(whoAndWhere, Is.EqualTo($"nobody\n{prefix}/lib/libpyco.so\n"));
    }

    [Test]
    public void Man_reads_the_installed_pages()
    {
        string prefix = Wire.PathOf("prefix");
        Make("install", $"PREFIX={prefix}");
        foreach (string page in new[] { "pyco", "pyco-run" })
        {
            RunningProgram man = Wire.Start(
                "env", $"MANPATH={prefix}/share/man", "MANWIDTH=100", "MANROFFOPT=-ww", "man", "--warnings", "-P", "cat", page);
            Assert.That(man.Succeed(), Does.Contain("EXIT STATUS").Or.Contain("SEE ALSO"));
            Assert.That(man.Errors, Is.Empty, "no warnings of the formatter");
        }
    }

    /// <summary>Of a pyco-run that shows which library it preloads.</summary>
    private string Arguments() => $"-a {Wire.FreshAddress()} -f {Wire.Control} -- sh -c 'echo $LD_PRELOAD'";

    private string Shell(string script) => Wire.Start("bash", "-c", script).Succeed();

    private void Make(params IEnumerable<string> words) =>
        Wire.Start("make", ["-C", Repository.Root, "--no-print-directory", .. words]).Succeed();

    private static string[] FilesIn(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder, path)).Order(StringComparer.Ordinal),
    ];
}
